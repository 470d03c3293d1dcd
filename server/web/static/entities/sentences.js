// @ts-check
/** An event as a sentence: who did what to which record, from what to what. */

import { settled } from "./contingencies.js";
import { byName, fieldOf, knows, statusOf, titleOf } from "./entity.js";
import { OWNER, spoken } from "./field.js";
import { date, show, words } from "./format.js";

/** @import { RoomEvent, Row } from "../../../../clients/js/src/types.js" */
/** @import { Entity } from "./entity.js" */
/** @import { Field } from "./field.js" */

/**
 * A piece of a sentence; `kind` says how it may be set off.
 * @typedef {{kind: "who" | "text" | "record" | "old" | "new", text: string}} Piece
 * @typedef {(id: string) => string} NameOf
 * @typedef {{field: Field, old: any, now: any}} Change
 */

const MOST_FIELDS = 3;
/** Told by the sentence itself, or following from other fields. */
const QUIET = new Set([
  "status_reason",
  "price_change_reason",
  "previous_list_price",
  "off_market_date",
  "days_on_market",
  "cumulative_days_on_market",
]);

/** What belongs to a record is told as an event of it: "attendee_added". */
const OF_A_ROW = /^(.+)_(added|updated|removed)$/;
const DONE_TO_A_ROW = /** @type {Record<string, [string, string]>} */ ({
  added: ["added", "to"],
  updated: ["changed", "of"],
  removed: ["removed", "from"],
});
/** @param {string} noun */
const article = (noun) => `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;

/** @param {string} text @returns {Piece} */
const say = (text) => ({ kind: "text", text });
/** @param {string} text @returns {Piece} */
const old = (text) => ({ kind: "old", text });
/** @param {string} text @returns {Piece} */
const fresh = (text) => ({ kind: "new", text });

/** @param {readonly Piece[]} pieces */
export const plain = (pieces) => pieces.map(({ text }) => text).join("");

/**
 * "Ana changed the list price of 12 Main St from $450,000 to $435,000"
 * @param {RoomEvent} event
 * @param {Row | undefined} row the record as known here, if it is
 * @param {NameOf} nameOf the name of a member
 * @param {string} [me] whose screen it is
 * @returns {Piece[]}
 */
export function sentence(event, row, nameOf, me) {
  const name = event.a?.id === me ? "You" : event.a?.name || "Somebody";
  const entity = byName(event.e);
  if (!entity) return [{ kind: "who", text: name }, say(` ${elsewhere(event)}`)];
  const title = titleOf(event.d ?? row) || event.label || entity.some;
  return [
    { kind: "who", text: name },
    ...deed(entity, event, { kind: "record", text: title }, nameOf),
  ];
}

/**
 * The same in a few words, for beside a name: "list price", "moved to Pending".
 * @param {RoomEvent} event
 */
export function gist(event) {
  const entity = byName(event.e);
  const verb = event.k.slice(event.k.indexOf(".") + 1);
  if (!entity || verb === "created") return "new";
  if (verb === "status_changed")
    return `moved to ${statusOf(entity, event.ch?.[entity.status]?.[1]).label.toLowerCase()}`;
  if (isShared(event)) return "shared";
  const changes = told(entity, event);
  if (changes.length === 0) return verb.replaceAll("_", " ");
  return changes.length === 1 ? spoken(changes[0].field) : `${changes.length} changes`;
}

/**
 * @param {Entity} entity
 * @param {RoomEvent} event
 * @returns {Change[]}
 */
const told = (entity, event) =>
  Object.entries(event.ch ?? {})
    .filter(([name]) => !QUIET.has(name) && knows(entity, name))
    .map(([name, [old, now]]) => ({ field: fieldOf(entity, name), old, now }));

/**
 * @param {Entity} entity
 * @param {RoomEvent} event
 * @param {Piece} record
 * @param {NameOf} nameOf
 * @returns {Piece[]}
 */
function deed(entity, event, record, nameOf) {
  const changes = told(entity, event);
  const verb = event.k.slice(event.k.indexOf(".") + 1);
  const child = OF_A_ROW.exec(verb);
  if (child) {
    const [did, of] = DONE_TO_A_ROW[child[2]];
    return [say(` ${did} ${article(words(child[1]).toLowerCase())} ${of} `), record];
  }
  switch (verb) {
    case "created": {
      const price = event.d?.[entity.priceField];
      return [
        say(` ${entity.added} `),
        record,
        ...(price ? [say(" at "), fresh(show(fieldOf(entity, entity.priceField), price))] : []),
      ];
    }
    case "deleted":
      return [say(` deleted the ${entity.one} `), record];
    case "archived":
      return [say(" archived "), record];
    case "restored":
      return [say(" brought back "), record];
    case "status_changed":
      return [...moved(entity, event, record, changes, nameOf), ...because(event, "status_reason")];
    default:
      if (isShared(event)) return [say(" shared "), record];
      return [...changed(record, changes, nameOf), ...because(event, "price_change_reason")];
  }
}

/**
 * @param {Entity} entity
 * @param {RoomEvent} event
 * @param {Piece} record
 * @param {Change[]} changes
 * @param {NameOf} nameOf
 * @returns {Piece[]}
 */
function moved(entity, event, record, changes, nameOf) {
  const [from, to] = event.ch?.[entity.status] ?? [null, event.d?.[entity.status]];
  const day = event.at?.slice(0, 10);
  const rest = changes
    .filter(({ field, now }) => field.name !== entity.status && !isLong(field))
    .filter(({ now }) => now !== null && now !== day)
    .slice(0, MOST_FIELDS)
    .flatMap(({ field, now }, i) => [
      say(`${i === 0 ? "; " : ", "}${spoken(field)} `),
      fresh(value(field, now, nameOf)),
    ]);
  const start = from ? [say(" from "), old(statusOf(entity, from).label)] : [];
  return [
    say(" moved "),
    record,
    ...start,
    say(" to "),
    fresh(statusOf(entity, to).label),
    ...rest,
  ];
}

/**
 * @param {Piece} record
 * @param {Change[]} changes
 * @param {NameOf} nameOf
 * @returns {Piece[]}
 */
function changed(record, changes, nameOf) {
  if (changes.length === 0) return [say(" changed "), record];
  if (changes.length === 1) return one(record, changes[0], nameOf);
  const shown = changes.slice(0, MOST_FIELDS).flatMap((change, i) => {
    const head = say(`${i === 0 ? ": " : ", "}${spoken(change.field)}`);
    if (isLong(change.field)) return [head];
    const before = value(change.field, change.old, nameOf);
    const after = fresh(value(change.field, change.now, nameOf) || "none");
    return [head, ...(before ? [say(" from "), old(before)] : []), say(" to "), after];
  });
  const more = changes.length - MOST_FIELDS;
  return [say(" changed "), record, ...shown, ...(more > 0 ? [say(` and ${more} more`)] : [])];
}

/**
 * @param {Piece} record
 * @param {Change} change
 * @param {NameOf} nameOf
 * @returns {Piece[]}
 */
function one(record, { field, old: before, now }, nameOf) {
  if (field.type === "contingencies") return [say(` ${settled(before, now)} of `), record];
  if (isLong(field))
    return [say(` ${now ? "edited" : "removed"} the ${spoken(field)} of `), record];
  const [from, to] = [value(field, before, nameOf), value(field, now, nameOf)];
  if (!from) return [say(` set the ${spoken(field)} of `), record, say(" to "), fresh(to)];
  if (!to) return [say(` cleared the ${spoken(field)} of `), record, say(", it was "), old(from)];
  return [
    say(` changed the ${spoken(field)} of `),
    record,
    say(" from "),
    old(from),
    say(" to "),
    fresh(to),
  ];
}

/**
 * @param {RoomEvent} event
 * @param {string} field
 * @returns {Piece[]}
 */
function because(event, field) {
  const reason = event.ch?.[field]?.[1];
  return reason ? [say(`: “${reason}”`)] : [];
}

/** A change that tells of none: it shows us a record that was private before.
 * @param {RoomEvent} event */
const isShared = ({ ch }) => ch !== undefined && Object.keys(ch).length === 0;

/** @param {Field} field */
const isLong = ({ type }) => type === "long" || type === "contingencies" || type === "rows";

/**
 * @param {Field} field
 * @param {any} of
 * @param {NameOf} nameOf
 */
function value(field, of, nameOf) {
  if (field === OWNER) return nameOf(of);
  return field.type === "date" && of ? date(of) : show(field, of);
}

/** @param {RoomEvent} event */
function elsewhere(event) {
  const about = event.d?.full_name ?? event.label ?? "a member";
  switch (event.k) {
    case "member.joined":
      return "joined the team";
    case "member.removed":
      return event.a?.id === event.id ? "left the team" : `removed ${about} from the team`;
    case "role.changed":
      return `made ${about} ${event.ch?.role?.[1] ?? "something else"}`;
    default:
      return event.k.replaceAll(/[._]/g, " ");
  }
}
