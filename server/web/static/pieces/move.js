// @ts-check
/** A record moves to another status: asks for just what that move needs. */

import { fieldOf, knows, statusOf, titleOf } from "../entities/entity.js";
import { today } from "../entities/format.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { Dialog } from "./dialog.js";
import { focusFirstError, labelled, readForm, sentenceCase } from "./form.js";

/** @import { Refusal } from "../../../../clients/js/src/refusal.js" */
/** @import { Field } from "../entities/field.js" */
/** @import { Row } from "../../../../clients/js/src/types.js" */

export class Move extends Dialog {
  static properties = { row: { state: true }, to: { state: true }, asked: { state: true } };

  constructor() {
    super();
    /** @type {Row | null} */ this.row = null;
    this.to = "";
    /** What the server named that we had not asked for. @type {string[]} */ this.asked = [];
    /** @type {Record<string, any>} */ this.typed = {};
  }

  /** @param {Row} row @param {string} to */
  async show(row, to) {
    Object.assign(this, { row, to, asked: [], typed: {} });
    await this.openDialog();
  }

  get #ask() {
    const { needs, may } = this.entity.asks(this.row?.[this.entity.status], this.to);
    return {
      needs: new Set([...needs, ...this.asked]),
      names: [...new Set([...needs, ...this.asked, ...may])],
    };
  }

  render() {
    const { row, entity } = this;
    if (!row) return html`<dialog></dialog>`;
    const label = statusOf(entity, this.to).label;
    const { needs, names } = this.#ask;
    const fields = names.map((name) => fieldOf(entity, name));
    return this.frame(
      {
        title: `Move to ${label.toLowerCase()}`,
        button: `Move to ${label.toLowerCase()}`,
        submit: this.#submit,
      },
      html`<p class="lead">
          ${titleOf(row)} is ${statusOf(entity, row[entity.status]).label.toLowerCase()} now.
        </p>
        ${fields.map((field) =>
          field.type === "contingencies"
            ? this.#unsettled()
            : labelled(field, this.typed[field.name] ?? this.#start(field), {
                prefix: "move",
                error: this.errors[field.name],
                required: needs.has(field.name),
              }),
        )}
        ${names.length === 0 ? html`<p>Nothing else is needed.</p>` : nothing}`,
    );
  }

  #unsettled() {
    return html`<p class="error">
      ${sentenceCase(this.errors.contingencies ?? "Some contingencies are still pending")} Settle
      them under Details first.
    </p>`;
  }

  /** @param {Field} field */
  #start(field) {
    if (field.name === "status_reason") return null;
    const value = this.row?.[field.name];
    if (value !== null && value !== undefined && value.length !== 0) return value;
    if (field.name === "close_price") return this.row?.[this.entity.priceField];
    return field.type === "date" &&
      this.#ask.needs.has(field.name) &&
      field.name !== "expiration_date"
      ? today()
      : null;
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    const { entity, to } = this;
    const row = /** @type {Row} */ (this.row);
    const { needs, names } = this.#ask;
    const fields = names
      .map((name) => fieldOf(entity, name))
      .filter(({ type }) => type !== "contingencies");
    const { values, errors } = readForm(this.form, fields, needs);
    this.typed = { ...this.typed, ...values };
    this.errors = errors;
    if (Object.keys(errors).length > 0) {
      await this.updateComplete;
      return focusFirstError(this);
    }
    const { status_reason: reason, ...rest } = values;
    const body = { status: to, ...(reason ? { reason } : {}), ...rest };
    const shows = { [entity.status]: to, ...rest };
    const write = {
      id: row.id,
      version: row.version,
      body,
      shows,
      quiet: this.room.live.connected,
    };
    if (await this.deliver(this.room.write(entity, "status", write))) this.close();
  }

  /** Ask for what the server named, though we had not thought of it. @param {Refusal} refusal */
  refused(refusal) {
    if (refusal.code === "VERSION_CONFLICT") return this.close();
    const named = Object.entries(refusal.fields).map(([name, text]) => [
      name === "reason" ? "status_reason" : name,
      text,
    ]);
    const ours = named.filter(([name]) => knows(this.entity, name) && name !== this.entity.status);
    this.errors = Object.fromEntries(ours);
    this.asked = [...new Set([...this.asked, ...ours.map(([name]) => name)])];
    this.problem =
      ours.length === named.length && ours.length > 0 ? "" : sentenceCase(refusal.message);
  }
}

customElements.define("hr-move", Move);
