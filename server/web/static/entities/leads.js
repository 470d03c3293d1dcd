// @ts-check
/** Leads on this page: who may become a client, how warm they are, and whom to call next. */

import { OWNER, PRIVATE, choices, field } from "./field.js";
import { daysUntil, dotted, inDays, money, since, words } from "./format.js";
import { NAMES, REACHED, REASON, TAGS, reached } from "./people.js";

/** @import { Row } from "../../../../clients/js/src/types.js" */
/** @import { Entity } from "./entity.js" */

const SOURCES = choices({
  walk_in: "Walk-in",
  referral: "Referral",
  partner: "Partner",
  phone: "Phone",
  social: "Social",
  email: "E-mail",
  website: "Website",
  ad: "Ad",
  other: "Other",
});
const TYPES = choices({
  buyer: "Buyer",
  seller: "Seller",
  both: "Buyer and seller",
  investor: "Investor",
  renter: "Renter",
});
const TIMELINES = choices({
  immediate: "Right away",
  one_to_three_months: "1 to 3 months",
  three_to_six_months: "3 to 6 months",
  six_to_twelve_months: "6 to 12 months",
  over_a_year: "Over a year",
  no_plans: "No plans",
});
const WARMTH = choices({ hot: "Hot", warm: "Warm", cold: "Cold" });
const OPEN = new Set(["new", "contacted", "qualified"]);

/** @param {Row} row */
const due = (row) =>
  OPEN.has(row.lead_status) && row.next_follow_up && daysUntil(row.next_follow_up) <= 0;

/** @type {Entity} */
export const leads = {
  name: "lead",
  plural: "leads",
  later: true,
  title: "Leads",
  one: "lead",
  status: "lead_status",
  priceField: "",
  price: () => null,
  place: reached,
  facts: (row) =>
    dotted([
      row.in_pond && "In the pond",
      row.lead_temperature &&
        `${WARMTH.find(({ key }) => key === row.lead_temperature)?.label} ${row.lead_score}`,
      SOURCES.find(({ key }) => key === row.lead_source)?.label,
      row.budget && money(row.budget),
    ]),
  when: (row) => {
    if (!OPEN.has(row.lead_status)) return since(row, words(row.lead_status));
    if (!row.next_follow_up) return "";
    return { text: `Follow up ${inDays(row.next_follow_up)}`, late: daysUntil(row.next_follow_up) < 0 };
  },
  statuses: [
    { key: "new", label: "New", tone: "sky" },
    { key: "contacted", label: "Contacted", tone: "amber" },
    { key: "qualified", label: "Qualified", tone: "green" },
    { key: "converted", label: "Converted", tone: "slate", recent: "contract_status_change_date" },
    { key: "deferred", label: "Deferred", tone: "violet", folded: true },
    {
      key: "lost",
      label: "Lost",
      tone: "rose",
      folded: true,
      recent: "contract_status_change_date",
    },
    {
      key: "unqualified",
      label: "Unqualified",
      tone: "stone",
      folded: true,
      recent: "contract_status_change_date",
    },
  ],
  groups: [
    {
      title: "Lead",
      fields: [
        ...NAMES,
        ...REACHED,
        field("lead_source", "Source", "choice", { choices: SOURCES, required: true }),
        field("lead_type", "Wants to", "choice", { choices: TYPES, said: "type" }),
        field("lead_temperature", "Temperature", "choice", { choices: WARMTH, fixed: true }),
        field("lead_score", "Score", "integer", { fixed: true }),
        field("next_follow_up", "Follow up", "date", { said: "next follow-up" }),
        field("last_contact_date", "Last contact", "date", { said: "last contact" }),
        OWNER,
        PRIVATE,
        TAGS,
      ],
    },
    {
      title: "Wants",
      fields: [
        field("budget", "Budget", "money"),
        field("budget_min", "Budget from", "money"),
        field("budget_max", "Budget to", "money"),
        field("budget_range", "Budget in words"),
        field("timeline", "Timeline", "choice", { choices: TIMELINES }),
        field("city", "City"),
        field("state", "State"),
        field("zip_code", "ZIP code"),
        field("preferred_language", "Language", "text", { hint: "As in es, zh-Hant or pt-BR" }),
      ],
    },
    { title: "Notes", fields: [field("notes", "Notes", "long"), REASON] },
  ],
  order: "next_follow_up",
  columns: [
    "full_name",
    "lead_status",
    "lead_score",
    "lead_source",
    "next_follow_up",
    "budget",
    "owner_id",
    "updated_at",
  ],
  create: [
    "first_name",
    "last_name",
    "email",
    "phone",
    "lead_source",
    "lead_type",
    "budget",
    "next_follow_up",
    "is_private",
  ],
  start: { is_private: false, lead_status: "new", lead_source: "website" },
  deeds: [
    {
      verb: "convert",
      label: "Make a client",
      when: (row) => row.lead_status === "qualified" && !row.in_pond,
    },
    { verb: "claim", label: "Claim", when: (row) => row.in_pond },
    { verb: "route", label: "Give by the rules", when: (row, { leads }) => row.in_pond && leads },
    {
      verb: "release",
      label: "Put into the pond",
      when: (row, { id, leads }) =>
        !row.in_pond &&
        !row.is_private &&
        OPEN.has(row.lead_status) &&
        (leads || row.owner_id === id),
    },
  ],
  asks: (from, to) => {
    if (to === "deferred") return { needs: ["next_follow_up"], may: ["status_reason"] };
    if (to === "lost" || to === "unqualified" || from === "lost" || from === "unqualified")
      return { needs: ["status_reason"], may: [] };
    return { needs: [], may: [] };
  },
  figures: (rows) => {
    const open = rows.filter((row) => OPEN.has(row.lead_status));
    const converted = rows.filter((row) => row.lead_status === "converted").length;
    return [
      { label: "Open", text: `${open.length}` },
      { label: "Hot", text: `${open.filter((row) => row.lead_temperature === "hot").length}` },
      { label: "To follow up", text: `${rows.filter(due).length}` },
      {
        label: "Converted",
        text: rows.length > 0 ? `${Math.round((100 * converted) / rows.length)}%` : "–",
      },
    ];
  },
};
