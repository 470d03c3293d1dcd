/** A record with the writes that are still on their way drawn over it. */
/** @import { Write } from "./outbox.js" */
/** @import { Row } from "./types.js" */
/**
 * @param {Record<string, any>} start what a new record begins with
 * @param {Row | undefined} row
 * @param {readonly Write[]} pending
 * @returns {Row | undefined}
 */
export function drawn(start: Record<string, any>, row: Row | undefined, pending: readonly Write[]): Row | undefined;
import type { Row } from "./types.js";
import type { Write } from "./outbox.js";
