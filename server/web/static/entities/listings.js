// @ts-check
/** Listings on this page: statuses, fields, what each move asks for, figures above the board. */

import { COMMISSION_TYPES, OWNER, PRIVATE, PROPERTY_TYPES, field } from "./field.js";
import { date, dotted, number, since, words } from "./format.js";
import { average, sum } from "./sums.js";

/** @import { Row } from "../../../../clients/js/src/types.js" */
/** @import { Entity } from "./entity.js" */

/** @param {Row} row */
const price = (row) =>
  row.listing_status === "closed" ? (row.close_price ?? row.list_price) : row.list_price;

const OFF_MARKET = new Set(["hold", "withdrawn", "expired", "cancelled"]);

/** @type {Record<string, {needs: string[], may: string[]}>} */
const ASKS = {
  active_under_contract: { needs: ["purchase_contract_date"], may: [] },
  pending: { needs: ["purchase_contract_date"], may: [] },
  closed: { needs: ["close_date", "close_price"], may: [] },
  hold: { needs: [], may: ["status_reason"] },
  withdrawn: { needs: [], may: ["withdrawn_date", "status_reason"] },
  cancelled: { needs: [], may: ["cancellation_date", "status_reason"] },
  coming_soon: { needs: [], may: ["listing_contract_date", "expiration_date"] },
};
const FIRST_ACTIVE = { needs: ["list_price", "listing_contract_date", "expiration_date"], may: [] };
const BACK = { needs: [], may: ["back_on_market_date"] };

/** @type {Entity} */
export const listings = {
  name: "listing",
  plural: "listings",
  title: "Listings",
  one: "listing",
  status: "listing_status",
  priceField: "list_price",
  price,
  statuses: [
    { key: "incomplete", label: "Incomplete", tone: "stone", folded: true },
    { key: "coming_soon", label: "Coming soon", tone: "sky" },
    { key: "active", label: "Active", tone: "green" },
    { key: "active_under_contract", label: "Active under contract", tone: "violet" },
    { key: "pending", label: "Pending", tone: "amber" },
    { key: "closed", label: "Closed", tone: "slate", recent: "close_date" },
    { key: "hold", label: "Hold", tone: "stone", folded: true },
    { key: "withdrawn", label: "Withdrawn", tone: "stone", folded: true },
    { key: "expired", label: "Expired", tone: "stone", folded: true },
    { key: "cancelled", label: "Cancelled", tone: "rose", folded: true },
  ],
  groups: [
    {
      title: "Price",
      fields: [
        field("list_price", "List price", "money", { required: true }),
        field("original_list_price", "Original list price", "money", { fixed: true }),
        field("previous_list_price", "Previous list price", "money", { fixed: true }),
        field("price_change_reason", "Reason for the price", "text", {
          said: "reason for the price",
          fixed: true,
        }),
        OWNER,
        PRIVATE,
        field("close_price", "Close price", "money"),
        field("concessions_amount", "Concessions", "money"),
        field("commission_type", "Commission type", "choice", { choices: COMMISSION_TYPES }),
        field("listing_commission", "Listing commission", "percent"),
        field("buyer_commission", "Buyer’s agent commission", "percent"),
      ],
    },
    {
      title: "Property",
      fields: [
        field("property_address", "Address", "text", { required: true }),
        field("city", "City"),
        field("state", "State"),
        field("zip_code", "ZIP code"),
        field("county", "County"),
        field("property_type", "Property type", "choice", { choices: PROPERTY_TYPES }),
        field("bedrooms", "Bedrooms", "decimal"),
        field("bathrooms", "Bathrooms", "decimal"),
        field("square_feet", "Living area", "integer", { unit: "sq ft" }),
        field("lot_size", "Lot size", "integer", { unit: "sq ft" }),
        field("year_built", "Year built", "year"),
        field("stories", "Stories", "decimal"),
        field("garage_spaces", "Garage spaces", "integer"),
        field("pool", "Pool", "flag"),
        field("waterfront", "Waterfront", "flag"),
        field("spa", "Spa", "flag"),
        field("hoa_fee", "HOA fee", "money"),
        field("subdivision", "Subdivision"),
        field("mls_number", "MLS number"),
        field("apn", "Parcel number (APN)", "text", { said: "parcel number" }),
      ],
    },
    {
      title: "Dates",
      fields: [
        field("listing_contract_date", "Listing contract", "date", {
          said: "listing contract date",
        }),
        field("on_market_date", "On market", "date", { said: "on-market date" }),
        field("expiration_date", "Expiration", "date", { said: "expiration date" }),
        field("purchase_contract_date", "Purchase contract", "date", {
          said: "purchase contract date",
        }),
        field("contingent_date", "Contingent", "date", { said: "contingent date" }),
        field("close_date", "Close", "date", { said: "close date" }),
        field("withdrawn_date", "Withdrawn", "date", { said: "withdrawal date" }),
        field("cancellation_date", "Cancelled", "date", { said: "cancellation date" }),
        field("off_market_date", "Off market", "date", { said: "off-market date", fixed: true }),
        field("back_on_market_date", "Back on market", "date", {
          said: "back-on-market date",
          fixed: true,
        }),
        field("days_on_market", "Days on market", "integer", { fixed: true }),
        field("cumulative_days_on_market", "Cumulative days on market", "integer", { fixed: true }),
      ],
    },
    {
      title: "Marketing",
      fields: [
        field("description", "Description", "long"),
        field("features", "Features", "names", { hint: "One feature a line" }),
        field("showing_instructions", "Showing instructions", "long"),
        field("virtual_tour_link", "Virtual tour", "link", { said: "virtual tour link" }),
      ],
    },
    {
      title: "Notes",
      fields: [
        field("notes", "Notes", "long"),
        field("status_reason", "Reason for the status", "text", { said: "reason", fixed: true }),
      ],
    },
  ],
  facts: ({ bedrooms, bathrooms, square_feet }) =>
    dotted([
      bedrooms && `${number(bedrooms)} bd`,
      bathrooms && `${number(bathrooms)} ba`,
      square_feet && `${number(square_feet)} sq ft`,
    ]),
  when: (row) => {
    if (row.listing_status === "closed")
      return row.close_date ? `Closed ${date(row.close_date)}` : "";
    if (OFF_MARKET.has(row.listing_status)) return since(row, words(row.listing_status));
    const days = row.days_on_market;
    if (days === 0) return "New today";
    return days === null || days === undefined
      ? ""
      : `${number(days)} ${days === 1 ? "day" : "days"} on market`;
  },
  order: "days_on_market",
  columns: [
    "property_address",
    "listing_status",
    "list_price",
    "days_on_market",
    "bedrooms",
    "square_feet",
    "owner_id",
    "updated_at",
  ],
  create: [
    "property_address",
    "city",
    "state",
    "zip_code",
    "list_price",
    "property_type",
    "bedrooms",
    "bathrooms",
    "square_feet",
    "is_private",
  ],
  start: { is_private: false, listing_status: "incomplete", property_type: "Single Family" },
  asks: (from, to) => {
    if (to === "active")
      return from === "incomplete" || from === "coming_soon" ? FIRST_ACTIVE : BACK;
    return ASKS[to] ?? { needs: [], may: [] };
  },
  prices: true,
  relist: {
    ended: ["expired", "cancelled", "withdrawn", "closed"],
    fields: ["list_price", "listing_contract_date", "expiration_date"],
  },
  figures: (rows) => {
    const active = rows.filter((row) => row.listing_status === "active");
    const contract = rows.filter((row) =>
      ["active_under_contract", "pending"].includes(row.listing_status),
    );
    const sold = rows.filter((row) => row.listing_status === "closed");
    const days = average(active, (row) => row.days_on_market);
    return [
      { label: "Active", money: sum(active, price), count: active.length },
      { label: "Under contract", money: sum(contract, price), count: contract.length },
      { label: "Sold", money: sum(sold, price), count: sold.length },
      { label: "Average days on market", text: days === null ? "–" : `${Math.round(days)}` },
    ];
  },
};
