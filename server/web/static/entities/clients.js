// @ts-check
/** Clients on this page: whom the team works for, on what agreement, and what came of it. */

import { OWNER, PRIVATE, choices, field } from "./field.js";
import { date, daysUntil, dotted, inDays, money, since } from "./format.js";
import { ADDRESS, NAMES, REACHED, REASON, TAGS, reached } from "./people.js";
import { sum } from "./sums.js";

/** @import { Row } from "../../../../clients/js/src/types.js" */
/** @import { Entity } from "./entity.js" */

const TYPES = choices({
  buyer: "Buyer",
  seller: "Seller",
  both: "Buyer and seller",
  investor: "Investor",
  referral: "Referral",
});
const ENTITY_TYPES = choices({
  individual: "Individual",
  trust: "Trust",
  corporation: "Corporation",
  llc: "LLC",
  partnership: "Partnership",
  estate: "Estate",
  power_of_attorney: "Power of attorney",
});
const AGREEMENT = choices({
  none: "None",
  upcoming: "Upcoming",
  in_force: "In force",
  expired: "Expired",
  cancelled: "Cancelled",
});
const SOON_DAYS = 30;

/** @param {Row} row */
const type = (row) => TYPES.find(({ key }) => key === row.client_type)?.label;

/** @type {Entity} */
export const clients = {
  name: "client",
  plural: "clients",
  later: true,
  title: "Clients",
  one: "client",
  status: "client_status",
  priceField: "",
  price: () => null,
  place: reached,
  facts: (row) =>
    dotted([
      type(row),
      row.escrow_count > 0 && `${row.escrow_count} ${row.escrow_count === 1 ? "escrow" : "escrows"}`,
      row.lifetime_value > 0 && money(row.lifetime_value),
    ]),
  when: (row) => {
    if (row.client_status !== "active" && row.client_status !== "inactive")
      return since(row, row.client_status === "closed" ? "Closed" : "Ended");
    if (!row.agreement_end_date) return "";
    const late = daysUntil(row.agreement_end_date) < 0;
    return { text: `Agreement ${late ? "ended" : "ends"} ${inDays(row.agreement_end_date)}`, late };
  },
  statuses: [
    { key: "active", label: "Active", tone: "green" },
    { key: "inactive", label: "Inactive", tone: "stone" },
    { key: "closed", label: "Closed", tone: "slate", recent: "contract_status_change_date" },
    { key: "expired", label: "Expired", tone: "amber", recent: "contract_status_change_date" },
    { key: "cancelled", label: "Cancelled", tone: "rose", recent: "contract_status_change_date" },
  ],
  groups: [
    {
      title: "Client",
      fields: [
        ...NAMES,
        ...REACHED,
        field("client_type", "Type", "choice", { choices: TYPES, required: true }),
        OWNER,
        PRIVATE,
        TAGS,
      ],
    },
    {
      title: "Agreement",
      fields: [
        field("agreement_start_date", "From", "date", { said: "start of the agreement" }),
        field("agreement_end_date", "Until", "date", { said: "end of the agreement" }),
        field("agreement_status", "Stands", "choice", { choices: AGREEMENT, fixed: true }),
        field("commission", "Commission", "percent"),
        field("budget_min", "Budget from", "money"),
        field("budget_max", "Budget to", "money"),
        REASON,
      ],
    },
    {
      title: "Business",
      fields: [
        field("escrow_count", "Escrows", "integer", { fixed: true }),
        field("closed_value", "Closed", "money", { fixed: true }),
        field("pending_value", "In escrow", "money", { fixed: true }),
        field("lifetime_value", "All together", "money", { fixed: true }),
      ],
    },
    {
      title: "Signs as",
      fields: [
        field("entity_type", "Entity", "choice", { choices: ENTITY_TYPES, required: true }),
        field("entity_name", "Name of the entity"),
        field("representative_title", "Representative’s title"),
      ],
    },
    ADDRESS,
  ],
  order: "agreement_end_date",
  columns: [
    "full_name",
    "client_status",
    "client_type",
    "agreement_end_date",
    "escrow_count",
    "lifetime_value",
    "owner_id",
    "updated_at",
  ],
  create: [
    "first_name",
    "last_name",
    "email",
    "phone",
    "client_type",
    "agreement_start_date",
    "agreement_end_date",
    "is_private",
  ],
  start: { is_private: false, client_status: "active", client_type: "buyer" },
  asks: (_, to) => {
    if (to === "cancelled") return { needs: ["status_reason"], may: [] };
    if (to === "expired") return { needs: ["agreement_end_date"], may: [] };
    return { needs: [], may: ["status_reason"] };
  },
  figures: (rows) => {
    const active = rows.filter((row) => row.client_status === "active");
    const ending = active.filter(
      ({ agreement_end_date: end }) => end && daysUntil(end) >= 0 && daysUntil(end) <= SOON_DAYS,
    );
    const next = ending.map((row) => row.agreement_end_date).sort()[0];
    return [
      { label: "Active", text: `${active.length}` },
      { label: "In escrow", money: sum(active, (row) => row.pending_value) },
      { label: "Lifetime value", money: sum(rows, (row) => row.lifetime_value) },
      {
        label: "Agreements ending soon",
        text: next ? `${ending.length}, first ${date(next)}` : "None",
      },
    ];
  },
};
