// @ts-check
/** The kinds of record this page shows: the one list, and how to look things up in it. */

import { appointments } from "./appointments.js";
import { clients } from "./clients.js";
import { contacts } from "./contacts.js";
import { escrows } from "./escrows.js";
import { field } from "./field.js";
import { words } from "./format.js";
import { leads } from "./leads.js";
import { listings } from "./listings.js";

/** @import { Row } from "../../../../clients/js/src/types.js" */
/** @import { Field, Group } from "./field.js" */

/**
 * @typedef {"amber" | "green" | "slate" | "rose" | "stone" | "sky" | "violet"} Tone
 *
 * @typedef {object} Status
 * @property {string} key
 * @property {string} label
 * @property {Tone} tone
 * @property {boolean | "empty"} [folded] its column starts as a narrow strip; while it is empty
 * @property {string} [recent] newest first by this field, because the pile only grows
 *
 * @typedef {object} Figure
 * @property {string} label
 * @property {number} [money]
 * @property {number} [count]
 * @property {string} [text]
 *
 * @typedef {object} Deed
 * @property {string} verb the command, after the plural
 * @property {string} label
 * @property {(row: Row, me: {id: string, leads: boolean}) => boolean} when
 *
 * @typedef {object} Entity
 * @property {string} name as events name it
 * @property {string} plural as paths and commands name it
 * @property {boolean} [later] read when its page is first opened: there may be thousands
 * @property {string} title
 * @property {string} one
 * @property {string} status its status field
 * @property {string} priceField "" where nothing has a price
 * @property {(row: Row) => number | null | undefined} price
 * @property {(row: Row) => string} [place] the line below its title; the address where it has none
 * @property {(row: Row) => string} facts a line on its card
 * @property {(row: Row) => string | {text: string, late: boolean}} when its next or last day
 * @property {Status[]} statuses
 * @property {Group[]} groups
 * @property {"board" | "table"} [view] how its page looks at first; a board, when left out
 * @property {string} order of the cards in a lane, by this field, the first first
 * @property {string[]} columns the first is its title's
 * @property {string[]} create
 * @property {Record<string, any>} start
 * @property {(from: string, to: string) => {needs: string[], may: string[]}} asks
 * @property {(rows: readonly Row[]) => Figure[]} figures
 * @property {readonly Deed[]} [deeds] what can be done with one beside moving it
 * @property {boolean} [prices] has a price history
 * @property {{ended: string[], fields: string[]}} [relist] how an ended one is begun anew
 */

/** @type {readonly Entity[]} */
export const ENTITIES = [escrows, listings, appointments, leads, clients, contacts];

const COMMON = [
  field("is_archived", "Archived", "flag", { fixed: true }),
  field("updated_at", "Last change", "instant", { fixed: true }),
  field("created_at", "Created", "instant", { fixed: true }),
];

/** @param {string} plural */
export const byPlural = (plural) => ENTITIES.find((entity) => entity.plural === plural);
/** @param {string} name */
export const byName = (name) => ENTITIES.find((entity) => entity.name === name);

/**
 * @param {Entity} entity
 * @param {string} name
 * @returns {Field}
 */
export function fieldOf(entity, name) {
  if (name === entity.status) return statusField(entity);
  for (const { fields } of entity.groups) {
    const found = fields.find((one) => one.name === name);
    if (found) return found;
  }
  return COMMON.find((one) => one.name === name) ?? field(name, words(name));
}

/**
 * @param {Entity} entity
 * @param {string} name
 */
export const knows = (entity, name) =>
  name === entity.status ||
  entity.groups.some(({ fields }) => fields.some((one) => one.name === name));

/**
 * @param {Entity} entity
 * @param {string} key
 */
export const statusOf = (entity, key) =>
  entity.statuses.find((status) => status.key === key) ?? {
    key,
    label: words(key),
    tone: /** @type {Tone} */ ("stone"),
  };

/** @param {Row | undefined} row */
export const titleOf = (row) =>
  row?.property_address || row?.label || row?.title || nameIn(row) || row?.display_id || "";

/**
 * The line below a record's title.
 * @param {Row} row
 * @param {Entity} [entity]
 */
export const placeOf = (row, entity) =>
  entity?.place?.(row) ??
  [row.city, [row.state, row.zip_code].filter(Boolean).join(" ")].filter(Boolean).join(", ");

/** As the server will call somebody who is still to be sent. @param {Row} [row] */
const nameIn = (row) =>
  row?.entity_name || [row?.first_name, row?.last_name].filter(Boolean).join(" ");

/** @param {Entity} entity @returns {Field} */
function statusField(entity) {
  return field(entity.status, "Status", "choice", { choices: entity.statuses, fixed: true });
}
