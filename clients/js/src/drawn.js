// @ts-check
/** A record with the writes that are still on their way drawn over it. */

/** @import { Write } from "./outbox.js" */
/** @import { Row } from "./types.js" */

/**
 * @param {Record<string, any>} start what a new record begins with
 * @param {Row | undefined} row
 * @param {readonly Write[]} pending
 * @returns {Row | undefined}
 */
export function drawn(start, row, pending) {
  if (pending.length === 0) return row;
  /** @type {Row | undefined} */
  let shown = row && { ...row };
  for (const write of pending) {
    if (write.verb === "create") {
      // Its version 0 is older than anything the server will say.
      shown ??= {
        ...start,
        ...write.body,
        id: write.id,
        version: 0,
        created_at: write.at,
        updated_at: write.at,
      };
    } else if (write.verb === "delete") {
      return undefined;
    } else if (shown) {
      Object.assign(shown, write.shows ?? write.body);
    }
  }
  if (shown) shown.pending = pending.length;
  return shown;
}
