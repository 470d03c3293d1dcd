// @ts-check
/** A form of record fields: labels, hints, and the server's complaint beside each field. */

import { read } from "../entities/field.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { control } from "./inputs.js";

/** @import { Field } from "../entities/field.js" */

/**
 * @param {Field} field
 * @param {any} value
 * @param {{prefix: string, error?: string, required?: boolean}} how
 */
export function labelled(field, value, { prefix, error, required = false }) {
  const id = `${prefix}-${field.name}`;
  const notes = [error && `${id}-error`, field.hint && `${id}-hint`].filter(Boolean).join(" ");
  return html`<div class="labelled">
    <label for=${id}
      >${field.label}${required ? html`<span class="needed"> (needed)</span>` : nothing}</label
    >
    ${control(field, value, { id, described: notes || undefined, invalid: !!error, required })}
    ${field.hint ? html`<p class="hint" id="${id}-hint">${field.hint}</p>` : nothing}
    ${error ? html`<p class="error" id="${id}-error">${sentenceCase(error)}</p>` : nothing}
  </div>`;
}

/**
 * What the form says, and what is wrong with it before the server is asked.
 * @param {HTMLFormElement} form
 * @param {readonly Field[]} fields
 * @param {ReadonlySet<string>} required
 */
export function readForm(form, fields, required) {
  /** @type {Record<string, any>} */ const values = {};
  /** @type {Record<string, string>} */ const errors = {};
  const data = new FormData(form);
  for (const field of fields) {
    if (!data.has(field.name)) continue;
    try {
      const value = read(
        { ...field, required: required.has(field.name) },
        String(data.get(field.name)),
      );
      if (value === null || (Array.isArray(value) && value.length === 0)) {
        if (required.has(field.name)) throw new Error(`${field.label} is needed.`);
      } else {
        values[field.name] = value;
      }
    } catch (problem) {
      errors[field.name] = /** @type {Error} */ (problem).message;
    }
  }
  return { values, errors };
}

/** Put the caret where the first thing is wrong. @param {ParentNode} form */
export function focusFirstError(form) {
  /** @type {HTMLElement | null} */ (form.querySelector("[aria-invalid=true]"))?.focus();
}

/** @param {string} text */
export const sentenceCase = (text) =>
  text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
