// @ts-check
/** A new contract on a property whose listing has ended. */

import { fieldOf, titleOf } from "../entities/entity.js";
import { today } from "../entities/format.js";
import { go, to } from "../room/routes.js";
import { html } from "../vendor/lit-3.3.3.min.js";
import { Dialog } from "./dialog.js";
import { focusFirstError, labelled, readForm } from "./form.js";

/** @import { Row } from "../../../../clients/js/src/types.js" */

export class RelistDialog extends Dialog {
  static properties = { row: { state: true } };

  constructor() {
    super();
    /** @type {Row | null} */ this.row = null;
  }

  /** @param {Row} row */
  async show(row) {
    this.row = row;
    await this.openDialog();
  }

  get #fields() {
    return (this.entity.relist?.fields ?? []).map((name) => fieldOf(this.entity, name));
  }

  render() {
    const { row } = this;
    if (!row) return html`<dialog></dialog>`;
    /** @type {Record<string, any>} */
    const start = { list_price: row.list_price, listing_contract_date: today() };
    return this.frame(
      { title: "Relist", button: "Relist", submit: this.#submit },
      html`<p class="lead">A new listing of ${titleOf(row)}; this one stays as it ended.</p>
        ${this.#fields.map((field) =>
          labelled(field, start[field.name], { prefix: "relist", error: this.errors[field.name] }),
        )}`,
    );
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    const { values, errors } = readForm(this.form, this.#fields, new Set());
    this.errors = errors;
    this.problem = "";
    await this.updateComplete;
    if (Object.keys(errors).length > 0) return focusFirstError(this);
    const write = { id: this.row?.id, body: values, shows: {}, quiet: this.room.live.connected };
    const made = await this.deliver(this.room.write(this.entity, "relist", write));
    if (made) this.#open(made.id);
  }

  /** @param {string} id */
  #open(id) {
    this.close();
    go(to(this.entity.plural, id));
  }
}

customElements.define("hr-relist", RelistDialog);
