// @ts-check
/** The fields that people have, whatever they are to the team. */

import { choices, field } from "./field.js";
import { dotted } from "./format.js";

/** @import { Row } from "../../../../clients/js/src/types.js" */
/** @import { Group } from "./field.js" */

export const NAMES = [field("first_name", "First name"), field("last_name", "Last name")];
export const REACHED = [field("email", "E-mail", "email"), field("phone", "Phone", "phone")];
export const TAGS = field("tags", "Tags", "names", { hint: "One tag a line" });
export const REASON = field("status_reason", "Reason for the status", "text", {
  said: "reason",
  fixed: true,
});

/** @type {Group} */
export const ADDRESS = {
  title: "Address",
  fields: [
    field("address", "Street"),
    field("city", "City"),
    field("state", "State"),
    field("zip_code", "ZIP code"),
  ],
};

export const CHANNELS = choices({ email: "E-mail", phone: "Phone", text: "Text", mail: "Mail" });

/** How they are reached. @param {Row} row */
export const reached = (row) => dotted([row.phone, row.email]);
