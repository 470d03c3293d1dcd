// @ts-check
/** A new record: the few fields that matter on the first day. */

import { fieldOf } from "../entities/entity.js";
import { go, to } from "../room/routes.js";
import { html } from "../vendor/lit-3.3.3.min.js";
import { Dialog } from "./dialog.js";
import { focusFirstError, labelled, readForm } from "./form.js";

export class Create extends Dialog {
  #values = {};

  async show() {
    this.#values = {};
    await this.openDialog();
    this.form.reset();
  }

  get #fields() {
    return this.entity.create.map((name) => fieldOf(this.entity, name));
  }

  render() {
    const { entity } = this;
    /** @type {Record<string, any>} */ const values = {
      ...entity.start,
      state: "WA",
      ...this.#values,
    };
    return this.frame(
      {
        title: `New ${entity.one}`,
        button: `Add the ${entity.one}`,
        kind: "wide",
        submit: this.#submit,
      },
      html`<div class="grid">
        ${this.#fields.map((field) =>
          labelled(field, values[field.name], {
            prefix: "new",
            error: this.errors[field.name],
            required: (field.required ?? false) && !(field.name in entity.start),
          }),
        )}
      </div>`,
    );
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    const fields = this.#fields;
    const required = new Set(fields.filter((field) => field.required).map(({ name }) => name));
    const { values, errors } = readForm(this.form, fields, required);
    this.#values = { ...this.#values, ...values };
    this.errors = errors;
    this.problem = "";
    await this.updateComplete;
    if (Object.keys(errors).length > 0) return focusFirstError(this);
    const write = { body: values, quiet: this.room.live.connected };
    const made = await this.deliver(this.room.write(this.entity, "create", write));
    if (!made) return;
    this.close();
    go(to(this.entity.plural, made.id));
  }
}

customElements.define("hr-create", Create);
