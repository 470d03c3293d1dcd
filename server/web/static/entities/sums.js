// @ts-check
/** Totals over records; money is added in cents, so that a total never ends in .30000000004. */

/** @import { Row } from "../../../../clients/js/src/types.js" */

/**
 * @param {readonly Row[]} rows
 * @param {(row: Row) => number | null | undefined} of
 */
export function sum(rows, of) {
  let cents = 0;
  for (const row of rows) cents += Math.round(100 * (of(row) ?? 0));
  return cents / 100;
}

/**
 * @param {readonly Row[]} rows
 * @param {(row: Row) => number | null | undefined} of
 */
export function average(rows, of) {
  const values = rows.map(of).filter((value) => value !== null && value !== undefined);
  return values.length === 0 ? null : values.reduce((all, value) => all + value, 0) / values.length;
}
