// @ts-check
/** The drawer beside the board that one record is open in: it follows the address. */

import { go, to } from "../room/routes.js";
import { html, keyed } from "../vendor/lit-3.3.3.min.js";
import { icon } from "./icons.js";
import { Piece, given } from "./piece.js";
import "./record.js";

/** @import { Entity } from "../entities/entity.js" */
/** @import { Room } from "../room/room.js" */

const PHONE = "(max-width: 720px)";

export class Drawer extends Piece {
  static properties = {
    room: { attribute: false },
    entity: { attribute: false },
    open: { attribute: false },
    missing: { state: true },
  };
  /** The record that was open: where the focus goes back to. */
  #from = "";
  /** The record that was last seen here: if it is gone now, somebody deleted it. */
  #seen = "";

  constructor() {
    super();
    /** @type {Room} */ this.room = given;
    /** @type {Entity} */ this.entity = given;
    this.open = "";
    this.missing = "";
  }

  /** @returns {[EventTarget, string?][]} */
  get watched() {
    return [[this.room], [this.room.live, "state"]];
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog.drawer"));
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has("open")) return;
    this.missing = "";
    const id = this.open;
    if (!id || this.room.row(this.entity, id)) return;
    this.room.fetch(this.entity, id).catch((problem) => {
      if (id === this.open) this.missing = problem.message;
    });
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    if (changed.has("open")) this.open ? this.#show() : this.#hide();
    if (this.open && this.#seen === this.open && this.room.withdrawn.has(this.open)) this.#lose();
  }

  render() {
    const row = this.open ? this.room.row(this.entity, this.open) : undefined;
    if (row) this.#seen = this.open;
    const record = html`<hr-record
      .room=${this.room}
      .entity=${this.entity}
      .row=${row}
      @close=${this.close}
    ></hr-record>`;
    return html`<dialog
      class="drawer"
      aria-labelledby="drawer-title"
      @cancel=${this.#cancel}
      @keydown=${this.#key}
    >
      ${row ? keyed(row.id, record) : this.#nothing()}
    </dialog>`;
  }

  close = () => go(to(this.entity.plural));

  #nothing() {
    const why = this.missing || (this.#seen === this.open ? "It has just been deleted." : "");
    return html`<header class="record-head">
        <div class="line">
          <span class="gap"></span>
          <button class="quiet icon-only" aria-label="Close" @click=${this.close}>
            ${icon("close")}
          </button>
        </div>
        <h2 id="drawer-title" tabindex="-1">
          ${why ? `This ${this.entity.one} is not here` : "One moment…"}
        </h2>
      </header>
      <div class="body"><p class="lead">${why}</p></div>`;
  }

  /** What was open is not for these eyes any more: an empty drawer would only raise questions. */
  #lose() {
    this.#seen = "";
    this.room.notices.show(`This ${this.entity.one} is private now, and no longer shown to you.`);
    this.close();
  }

  async #show() {
    const dialog = this.#dialog;
    this.#from = this.open;
    if (!dialog.open) {
      if (matchMedia(PHONE).matches) dialog.showModal();
      else dialog.show();
    }
    // The record inside draws itself a moment later.
    await new Promise(requestAnimationFrame);
    /** @type {HTMLElement | null} */ (dialog.querySelector("#drawer-title"))?.focus();
  }

  #hide() {
    if (this.#dialog.open) this.#dialog.close();
    const id = CSS.escape(this.#from);
    const place = document.querySelector(`a[data-id="${id}"], [data-id="${id}"] a`);
    /** @type {HTMLElement | null} */ (place)?.focus({ preventScroll: true });
    this.#from = "";
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const inside = /** @type {Element} */ (event.target).closest("dialog") === this.#dialog;
    if (event.key !== "Escape" || event.defaultPrevented || !inside) return;
    event.preventDefault();
    this.close();
  }

  /** @param {Event} event the address decides what is open: the browser may not close it alone */
  #cancel(event) {
    if (event.target !== this.#dialog) return;
    event.preventDefault();
    this.close();
  }
}

customElements.define("hr-drawer", Drawer);
