// @ts-check
/** The control that a field is typed into; the same in place, in dialogs and when a record is made. */

import { typed } from "../entities/field.js";
import { html, ifDefined, nothing } from "../vendor/lit-3.3.3.min.js";

/** @import { Field } from "../entities/field.js" */

/** @type {Record<string, {inputmode?: string, autocomplete?: string, type?: string}>} */
const KEYBOARD = {
  money: { inputmode: "decimal" },
  percent: { inputmode: "decimal" },
  decimal: { inputmode: "decimal" },
  integer: { inputmode: "numeric" },
  year: { inputmode: "numeric" },
  date: { type: "date" },
  email: { type: "email" },
  phone: { type: "tel" },
  link: { type: "url" },
};

/**
 * @param {Field} field
 * @param {any} value
 * @param {{id: string, label?: string, described?: string, invalid?: boolean, required?: boolean}} how
 */
export function control(field, value, { id, label, described, invalid = false, required = false }) {
  const common = { label: ifDefined(label), by: ifDefined(described), bad: invalid ? "true" : nothing };
  if (field.type === "choice" || field.type === "flag") {
    const options = field.type === "flag" ? [{ key: "true", label: "Yes" }, { key: "false", label: "No" }] : (field.choices ?? []);
    return html`<select
      id=${id}
      name=${field.name}
      ?required=${required}
      aria-label=${common.label}
      aria-describedby=${common.by}
      aria-invalid=${common.bad}
    >
      ${required && value ? nothing : html`<option value="" ?selected=${value === null || value === undefined}>${required ? "Choose…" : "None"}</option>`}
      ${options.map(({ key, label }) => html`<option value=${key} ?selected=${`${value}` === key}>${label}</option>`)}
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
