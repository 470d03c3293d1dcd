// @ts-check
/** The control a field is typed into: in place, in dialogs, and when a record is made. */

import { typed } from "../entities/field.js";
import { html, ifDefined, nothing } from "../vendor/lit-3.3.3.min.js";

/** @import { Field } from "../entities/field.js" */

/**
 * @typedef {object} How
 * @property {string} id
 * @property {string} [label] where no label element stands beside it
 * @property {string} [described] the ids of its hints and errors
 * @property {boolean} [invalid]
 * @property {boolean} [required]
 */

const YES_NO = [
  { key: "true", label: "Yes" },
  { key: "false", label: "No" },
];

/** @type {Record<string, {inputmode?: string, autocomplete?: string, type?: string}>} */
const KEYBOARD = {
  money: { inputmode: "decimal" },
  percent: { inputmode: "decimal" },
  decimal: { inputmode: "decimal" },
  integer: { inputmode: "numeric" },
  year: { inputmode: "numeric" },
  date: { type: "date" },
  time: { type: "time" },
  email: { type: "email" },
  phone: { type: "tel" },
  link: { type: "url" },
};

/**
 * @param {string} key
 * @param {string} label
 * @param {string} chosen
 */
export const option = (key, label, chosen) =>
  html`<option value=${key} ?selected=${key === chosen}>${label}</option>`;

/**
 * @param {Field} field
 * @param {any} value
 * @param {How} how
 */
export function control(field, value, { id, label, described, invalid = false, required = false }) {
  const common = {
    label: ifDefined(label),
    by: ifDefined(described),
    bad: invalid ? "true" : nothing,
  };
  if (field.type === "choice" || field.type === "flag") {
    const options = field.type === "flag" ? YES_NO : (field.choices ?? []);
    return html`<select
      id=${id}
      name=${field.name}
      ?required=${required}
      aria-label=${common.label}
      aria-describedby=${common.by}
      aria-invalid=${common.bad}
    >
      ${(required || field.required) && (value ?? "") !== "" ? nothing : option("", required ? "Choose…" : "None", value ?? "")}
      ${options.map(({ key, label }) => option(key, label, `${value}`))}
    </select>`;
  }
  if (field.type === "long" || field.type === "names") {
    return html`<textarea
      id=${id}
      name=${field.name}
      rows=${field.type === "long" ? 5 : 3}
      ?required=${required}
      aria-label=${common.label}
      aria-describedby=${common.by}
      aria-invalid=${common.bad}
      .value=${typed(field, value)}
    ></textarea>`;
  }
  const { type = "text", inputmode } = KEYBOARD[field.type] ?? {};
  return html`<input
    id=${id}
    name=${field.name}
    type=${type}
    inputmode=${ifDefined(inputmode)}
    autocomplete="off"
    ?required=${required}
    aria-label=${common.label}
    aria-describedby=${common.by}
    aria-invalid=${common.bad}
    .value=${typed(field, value)}
  />`;
}
