// @ts-check
/** Contacts on this page: everybody a deal needs beside its parties. */

import { OWNER, PRIVATE, field } from "./field.js";
import { dotted, since, words } from "./format.js";
import { ADDRESS, CHANNELS, NAMES, REACHED, REASON, TAGS, reached } from "./people.js";

/** @import { Row } from "../../../../clients/js/src/types.js" */
/** @import { Entity } from "./entity.js" */

/** @param {Row} row "Loan officer, Broker", the primary one first */
const roles = ({ roles = [] }) =>
  roles
    .toSorted((/** @type {any} */ a, /** @type {any} */ b) => b.is_primary - a.is_primary)
    .map((/** @type {any} */ { role }) => words(role))
    .join(", ");

/** @type {Entity} */
export const contacts = {
  name: "contact",
  plural: "contacts",
  later: true,
  title: "Contacts",
  one: "contact",
  status: "contact_status",
  priceField: "",
  price: () => null,
  place: reached,
  facts: (row) => dotted([roles(row), row.company]),
  when: (row) => (row.contact_status === "active" ? "" : since(row, words(row.contact_status))),
  statuses: [
    { key: "active", label: "Active", tone: "green" },
    { key: "inactive", label: "Inactive", tone: "stone" },
    { key: "merged", label: "Merged", tone: "slate", folded: true },
  ],
  groups: [
    {
      title: "Contact",
      fields: [
        ...NAMES,
        field("company", "Company"),
        field("title", "Title"),
        ...REACHED,
        field("roles", "Roles", "rows", { fixed: true, item: ({ role }) => words(role) }),
        OWNER,
        PRIVATE,
        TAGS,
      ],
    },
    {
      title: "More",
      fields: [
        field("other_emails", "Other e-mails", "names", { hint: "One a line" }),
        field("other_phones", "Other phones", "names", { hint: "One a line" }),
        field("website", "Website", "link"),
        field("license_number", "License number"),
        field("birthday", "Birthday", "date"),
        field("preferred_channel", "Likes to hear by", "choice", {
          choices: CHANNELS,
          said: "preferred channel",
        }),
        field("preferred_language", "Language", "text", { hint: "As in es, zh-Hant or pt-BR" }),
      ],
    },
    ADDRESS,
    { title: "Notes", fields: [field("notes", "Notes", "long"), REASON] },
  ],
  order: "label",
  view: "table",
  columns: [
    "full_name",
    "roles",
    "company",
    "phone",
    "email",
    "contact_status",
    "owner_id",
    "updated_at",
  ],
  create: ["first_name", "last_name", "company", "title", "email", "phone", "is_private"],
  start: { is_private: false, contact_status: "active" },
  asks: () => ({ needs: [], may: ["status_reason"] }),
  figures: (rows) => {
    const here = rows.filter((row) => row.contact_status === "active");
    const among = (/** @type {string} */ role) =>
      here.filter((row) => row.roles?.some((/** @type {any} */ one) => one.role === role)).length;
    return [
      { label: "Active", text: `${here.length}` },
      { label: "Loan officers", text: `${among("loan_officer")}` },
      { label: "Escrow officers", text: `${among("escrow_officer")}` },
      { label: "Inspectors", text: `${among("home_inspector") + among("termite_inspector")}` },
    ];
  },
};
