// @ts-check
/** A person as a small disc with initials, always in the same color. */

import { initials } from "../entities/format.js";
import { html } from "../vendor/lit-3.3.3.min.js";

const HUES = 6;

/** @type {Map<string, number>} */
const seats = new Map();

/** Give each member of a team another color, where a hash would give two of three the same.
 * @param {readonly string[]} names */
export const seat = (names) => names.forEach((name, i) => seats.set(name, i % HUES));

/** @param {string} name */
export const avatar = (name) =>
  html`<span class="avatar hue-${seats.get(name) ?? hue(name)}" aria-hidden="true"
    >${initials(name || "?")}</span
  >`;

/** @param {string} name */
function hue(name) {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.charCodeAt(0)) % 997;
  return sum % HUES;
}
