// @ts-check
/** A modal dialog: title, form, two buttons; the browser keeps the focus in and brings it back. */

import { Refusal } from "../../../../clients/js/src/refusal.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { focusFirstError, sentenceCase } from "./form.js";
import { icon } from "./icons.js";
import { Piece, given } from "./piece.js";

/** @import { Row } from "../../../../clients/js/src/types.js" */

/**
 * @typedef {object} Frame
 * @property {string} title
 * @property {string} button
 * @property {boolean} [danger]
 * @property {string} [kind] a class of its own
 * @property {(event: SubmitEvent) => void} submit
 */

export class Dialog extends Piece {
  /** @type {Record<string, object>} */
  static properties = {
    room: { attribute: false },
    entity: { attribute: false },
    busy: { state: true },
    errors: { state: true },
    problem: { state: true },
  };

  constructor() {
    super();
    /** @type {import("../room/room.js").Room} */ this.room = given;
    /** @type {import("../entities/entity.js").Entity} */ this.entity = given;
    this.busy = false;
    /** @type {Record<string, string>} */ this.errors = {};
    this.problem = "";
  }

  get dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }

  get form() {
    return /** @type {HTMLFormElement} */ (this.querySelector("form"));
  }

  async openDialog() {
    this.busy = false;
    this.errors = {};
    this.problem = "";
    this.requestUpdate();
    await this.updateComplete;
    if (!this.dialog.open) this.dialog.showModal();
    /** @type {HTMLElement | null} */ (
      this.form.querySelector("[name], button:not([type])")
    )?.focus();
  }

  close = () => this.dialog.close();

  /**
   * Wait for the answer to a write: the record, or null when there is nothing more to do.
   * @param {Promise<Row>} sent
   */
  async deliver(sent) {
    if (!this.room.live.connected) {
      void sent.catch(() => undefined);
      this.room.notices.show("Kept. It will be sent when we are back online.");
      this.close();
      return null;
    }
    this.busy = true;
    try {
      return await sent;
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      this.refused(refusal);
      await this.updateComplete;
      focusFirstError(this);
      return null;
    } finally {
      this.busy = false;
    }
  }

  /** @param {Refusal} refusal */
  refused({ fields, message }) {
    this.errors = fields;
    const shown = Object.keys(fields).some((name) =>
      this.form.querySelector(`[name="${CSS.escape(name)}"]`),
    );
    this.problem = shown ? "" : sentenceCase(message);
  }

  /**
   * @param {Frame} frame
   * @param {unknown} content
   */
  frame({ title, button, danger = false, kind = "", submit }, content) {
    const id = `${this.localName}-title`;
    return html`<dialog class="modal ${kind}" aria-labelledby=${id}>
      <form novalidate @submit=${submit}>
        <header>
          <h2 id=${id}>${title}</h2>
          <button type="button" class="quiet icon-only" aria-label="Close" @click=${this.close}>
            ${icon("close")}
          </button>
        </header>
        <div class="content">
          <div role="alert">
            ${this.problem ? html`<p class="problem">${icon("alert")}${this.problem}</p>` : nothing}
          </div>
          ${content}
        </div>
        <footer>
          <button type="button" class="plain" @click=${this.close}>Cancel</button>
          <button class=${danger ? "danger" : "primary"} ?disabled=${this.busy}>
            ${this.busy ? "One moment…" : button}
          </button>
        </footer>
      </form>
    </dialog>`;
  }
}
