// @ts-check
/** What happened to an escrow's contingencies, in words. */

import { words } from "./format.js";

/** @typedef {{type: string, due_date: string | null, status: string}} Contingency */

const DONE = /** @type {Record<string, string>} */ ({
  removed: "removed",
  waived: "waived",
  satisfied: "satisfied",
  pending: "reopened",
});

/**
 * "removed the inspection contingency": to be followed by "of 12 Main St".
 * @param {Contingency[] | null} before
 * @param {Contingency[] | null} now
 */
export function settled(before, now) {
  const was = new Map((before ?? []).map((one) => [one.type, one]));
  const is = new Map((now ?? []).map((one) => [one.type, one]));
  const added = [...is.keys()].filter((type) => !was.has(type));
  const dropped = [...was.keys()].filter((type) => !is.has(type));
  const moved = [...is.values()].filter(
    (one) => was.has(one.type) && was.get(one.type)?.status !== one.status,
  );
  if (added.length + dropped.length + moved.length !== 1) return "edited the contingencies";
  if (added.length > 0) return `added ${named(added[0])} to the contingencies`;
  if (dropped.length > 0) return `took ${named(dropped[0])} off the contingencies`;
  return `${DONE[moved[0].status] ?? "changed"} the ${named(moved[0].type)} contingency`;
}

/** @param {string} type */
const named = (type) => words(type).toLowerCase();
