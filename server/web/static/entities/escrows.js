// @ts-check
/** Escrows on this page: statuses, fields, what each move asks for, figures above the board. */

import { COMMISSION_TYPES, OWNER, PRIVATE, PROPERTY_TYPES, choices, field } from "./field.js";
import { date, daysUntil, inDays, since } from "./format.js";
import { sum } from "./sums.js";

/** @import { Row } from "../../../../clients/js/src/types.js" */
/** @import { Entity } from "./entity.js" */

const REPRESENTS = choices({ buyer: "Buyer", seller: "Seller", dual: "Buyer and seller" });
const DEPOSIT = choices({
  released_to_buyer: "Released to the buyer",
  released_to_seller: "Released to the seller",
  split: "Split",
  disputed: "Disputed",
});

/** @param {Row} row */
const price = (row) =>
  row.escrow_status === "closed" ? (row.close_price ?? row.purchase_price) : row.purchase_price;
/** @param {Row} row */
const open = (row) => row.escrow_status === "active" || row.escrow_status === "pending";

/** @type {Entity} */
export const escrows = {
  name: "escrow",
  plural: "escrows",
  title: "Escrows",
  one: "escrow",
  status: "escrow_status",
  priceField: "purchase_price",
  price,
  statuses: [
    { key: "pending", label: "Pending", tone: "amber" },
    { key: "active", label: "Active", tone: "green" },
    { key: "closed", label: "Closed", tone: "slate", recent: "actual_coe_date" },
    { key: "cancelled", label: "Cancelled", tone: "rose", recent: "contract_status_change_date" },
  ],
  groups: [
    {
      title: "Terms",
      fields: [
        field("purchase_price", "Purchase price", "money", { required: true }),
        field("close_price", "Close price", "money"),
        field("closing_date", "Closing date", "date", { required: true }),
        field("representation_type", "We represent", "choice", {
          choices: REPRESENTS,
          said: "representation",
        }),
        field("earnest_money_deposit", "Earnest money", "money"),
        field("down_payment", "Down payment", "money"),
        field("loan_amount", "Loan amount", "money"),
        field("escrow_number", "Escrow number"),
        OWNER,
        PRIVATE,
      ],
    },
    { title: "Contingencies", fields: [field("contingencies", "Contingencies", "contingencies")] },
    {
      title: "Dates",
      fields: [
        field("acceptance_date", "Acceptance", "date", { said: "acceptance date" }),
        field("emd_date", "Earnest money due", "date", { said: "earnest money date" }),
        field("physical_inspection_date", "Physical inspection", "date", {
          said: "physical inspection date",
        }),
        field("appraisal_ordered_date", "Appraisal ordered", "date", {
          said: "appraisal order date",
        }),
        field("appraisal_completed_date", "Appraisal completed", "date", {
          said: "appraisal completion date",
        }),
        field("inspection_contingency_date", "Inspection contingency", "date", {
          said: "inspection contingency date",
        }),
        field("appraisal_contingency_date", "Appraisal contingency", "date", {
          said: "appraisal contingency date",
        }),
        field("loan_contingency_date", "Loan contingency", "date", {
          said: "loan contingency date",
        }),
        field("all_contingency_removal_date", "All contingencies removed", "date", {
          said: "contingency removal date",
        }),
        field("actual_coe_date", "Actual close of escrow", "date", {
          said: "actual close of escrow",
        }),
        field("recorded_date", "Recorded", "date", { said: "recording date" }),
      ],
    },
    {
      title: "People",
      fields: [
        field("buyers", "Buyers", "names", { hint: "One name a line, six at most" }),
        field("sellers", "Sellers", "names", { hint: "One name a line, six at most" }),
        field("listing_agent", "Listing agent"),
        field("selling_agent", "Selling agent"),
        field("escrow_company", "Escrow company"),
        field("escrow_officer_name", "Escrow officer"),
        field("escrow_officer_email", "Escrow officer’s email", "email"),
        field("escrow_officer_phone", "Escrow officer’s phone", "phone"),
        field("loan_officer_name", "Loan officer"),
        field("loan_officer_email", "Loan officer’s email", "email"),
        field("loan_officer_phone", "Loan officer’s phone", "phone"),
        field("title_company", "Title company"),
        field("lead_source", "Lead source"),
      ],
    },
    {
      title: "Commission",
      fields: [
        field("commission_type", "Commission type", "choice", { choices: COMMISSION_TYPES }),
        field("commission_percentage", "Commission", "percent", { said: "commission rate" }),
        field("gross_commission", "Gross commission", "money"),
        field("net_commission", "Net commission", "money"),
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
        field("spa", "Spa", "flag"),
        field("hoa_fee", "HOA fee", "money"),
        field("subdivision", "Subdivision"),
        field("mls_number", "MLS number"),
        field("apn", "Parcel number (APN)", "text", { said: "parcel number" }),
      ],
    },
    {
      title: "Notes",
      fields: [
        field("notes", "Notes", "long"),
        field("status_reason", "Reason for the status", "text", { said: "reason", fixed: true }),
        field("deposit_disposition", "The deposit", "choice", {
          choices: DEPOSIT,
          said: "deposit",
        }),
      ],
    },
  ],
  facts: ({ representation_type: side, buyers = [], sellers = [] }) => {
    if (side === "dual") return "Both sides";
    const [names, label] = side === "seller" ? [sellers, "Seller"] : [buyers, "Buyer"];
    return names?.length > 0
      ? `${label} · ${names[0]}${names.length > 1 ? ` +${names.length - 1}` : ""}`
      : label;
  },
  when: (row) => {
    if (row.escrow_status === "closed")
      return `Closed ${date(row.actual_coe_date ?? row.recorded_date ?? row.closing_date)}`;
    if (row.escrow_status === "cancelled") return since(row, "Cancelled");
    if (!row.closing_date) return "";
    const late = daysUntil(row.closing_date) < 0;
    return { text: `${late ? "Was to close" : "Closes"} ${inDays(row.closing_date)}`, late };
  },
  order: "closing_date",
  columns: [
    "property_address",
    "escrow_status",
    "purchase_price",
    "closing_date",
    "buyers",
    "owner_id",
    "updated_at",
  ],
  create: [
    "property_address",
    "city",
    "state",
    "zip_code",
    "purchase_price",
    "closing_date",
    "representation_type",
    "commission_percentage",
    "is_private",
  ],
  start: { is_private: false, escrow_status: "pending", representation_type: "buyer" },
  /** What the server will ask for, so that it is asked for at once. */
  asks: (from, to) => {
    if (to === "cancelled") return { needs: ["status_reason", "deposit_disposition"], may: [] };
    if (to === "closed")
      return { needs: ["recorded_date", "close_price"], may: ["actual_coe_date"] };
    if (from === "pending") return { needs: ["acceptance_date", "buyers", "sellers"], may: [] };
    return { needs: ["status_reason"], may: [] };
  },
  figures: (rows) => {
    const due = rows.filter(
      (row) => open(row) && row.closing_date && daysUntil(row.closing_date) <= 30,
    );
    const closed = rows.filter((row) => row.escrow_status === "closed");
    const openRows = rows.filter(open);
    return [
      { label: "In escrow", money: sum(openRows, price), count: openRows.length },
      { label: "Closing within 30 days", money: sum(due, price), count: due.length },
      { label: "Closed", money: sum(closed, price), count: closed.length },
      { label: "Net commission in escrow", money: sum(openRows, (row) => row.net_commission) },
    ];
  },
};
