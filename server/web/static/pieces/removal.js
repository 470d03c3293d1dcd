// @ts-check
/** Asks once before a record is deleted. */

import { titleOf } from "../entities/entity.js";
import { html } from "../vendor/lit-3.3.3.min.js";
import { Dialog } from "./dialog.js";

/** @import { Row } from "../../../../clients/js/src/types.js" */

export class Removal extends Dialog {
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

  render() {
    if (!this.row) return html`<dialog></dialog>`;
    return this.frame(
      {
        title: `Delete this ${this.entity.one}?`,
        button: "Delete",
        danger: true,
        kind: "small",
        submit: this.#submit,
      },
      html`<p>${titleOf(this.row)} disappears for the whole team. Its history is kept.</p>`,
    );
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    const { id, version } = /** @type {Row} */ (this.row);
    void this.room.write(this.entity, "delete", { id, version }).catch(() => undefined);
    this.close();
    this.tell("removed");
  }
}

customElements.define("hr-removal", Removal);
