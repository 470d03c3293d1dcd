// @ts-check
/** One record beside the board: everything known of it, edited in place, with its moves and its history. */

import { placeOf, statusOf, titleOf } from "../entities/entity.js";
import { ago, money } from "../entities/format.js";
import { go, to } from "../room/routes.js";
import { html, keyed, nothing } from "../vendor/lit-3.3.3.min.js";
import { icon } from "./icons.js";
import { Piece, given } from "./piece.js";
import "./details.js";
import "./history.js";
import "./relist.js";
import "./removal.js";

/** @import { Entity } from "../entities/entity.js" */
/** @import { Room } from "../room/room.js" */
/** @import { Row } from "../room/types.js" */

const PHONE = "(max-width: 720px)";

export class Drawer extends Piece {
  static properties = {
    room: { attribute: false },
    entity: { attribute: false },
    open: { attribute: false },
    tab: { state: true },
    missing: { state: true },
  };
  #from = "";

  constructor() {
    super();
    /** @type {Room} */ this.room = given;
    /** @type {Entity} */ this.entity = given;
    this.open = "";
    this.tab = "details";
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
    if (!changed.has("open") && !changed.has("entity")) return;
    this.tab = "details";
    this.missing = "";
    const id = this.open;
    if (id && !this.room.row(this.entity, id)) {
      this.room.fetch(this.entity, id).catch((problem) => id === this.open && (this.missing = problem.message));
    }
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    if (!changed.has("open") && !changed.has("entity")) return;
    const dialog = this.#dialog;
    if (!this.open) {
      if (dialog.open) dialog.close();
      if (this.#from) this.#focusBack(this.#from);
      this.#from = "";
      return;
    }
    this.#from = this.open;
    if (!dialog.open) matchMedia(PHONE).matches ? dialog.showModal() : dialog.show();
    /** @type {HTMLElement | null} */ (dialog.querySelector("h2"))?.focus();
  }

  render() {
    const row = this.open ? this.room.row(this.entity, this.open) : undefined;
    return html`<dialog
        class="drawer"
        aria-labelledby="drawer-title"
        @cancel=${this.#cancel}
        @keydown=${this.#key}
      >
        ${row ? keyed(row.id, this.#record(row)) : this.#nothing()}
      </dialog>
      ${this.entity.relist ? html`<hr-relist .room=${this.room} .entity=${this.entity}></hr-relist>` : nothing}
      <hr-removal .room=${this.room} .entity=${this.entity} @removed=${this.close}></hr-removal>`;
  }

  close = () => go(to(this.entity.plural));

  /** @param {Row} row */
  #record(row) {
    const status = statusOf(this.entity, row[this.entity.status]);
    const price = this.entity.price(row);
    const editor = row.last_modified_by?.name;
    return html`<header>
        <div class="line">
          <span class="status"><span class="dot ${status.tone}"></span>${status.label}</span>
          ${row.is_archived ? html`<span class="tag">Archived</span>` : nothing}
          <span class="id">${row.display_id ?? ""}</span>
          <span class="gap"></span>
          <button class="quiet icon-only" aria-label="Copy the link" @click=${this.#copy}>${icon("link")}</button>
          <button class="quiet icon-only" aria-label="Close" @click=${this.close}>${icon("close")}</button>
        </div>
        <h2 id="drawer-title" tabindex="-1">${titleOf(row)}</h2>
        <p class="place">${placeOf(row)}</p>
        <p class="price">${price === null || price === undefined ? "No price yet" : money(price)}</p>
        <p class="edited">
          ${row.pending ? this.#waiting() : html`Last change ${ago(row.updated_at)}${editor ? ` by ${editor}` : ""}`}
        </p>
        ${this.#moves(row)}
        ${this.#tabs()}
      </header>
      <div class="body" id="drawer-panel" role="tabpanel" aria-labelledby="tab-${this.tab}" tabindex="0">
        ${this.tab === "details"
          ? html`<hr-details .room=${this.room} .entity=${this.entity} .row=${row}></hr-details>${this.#end(row)}`
          : html`<hr-history .room=${this.room} .entity=${this.entity} .row=${row}></hr-history>`}
      </div>`;
  }

  #waiting() {
    return this.room.live.connected ? "Your change is being saved…" : "Your change is kept here and sent when we are back online.";
  }

  /** @param {Row} row */
  #moves(row) {
    if (!this.room.session.canWrite || row.is_archived || !(row.allowed_transitions?.length > 0)) return nothing;
    return html`<div class="moves" role="group" aria-label="Move to another status">
      <span class="hint" aria-hidden="true">Move to</span>
      ${row.allowed_transitions.map((/** @type {string} */ key) => {
        const { label, tone } = statusOf(this.entity, key);
        return html`<button class="step" @click=${() => this.tell("move", { row, to: key })}><span class="dot ${tone}"></span>${label}…</button>`;
      })}
    </div>`;
  }

  #tabs() {
    const tabs = [["details", "Details"], ["history", "History"]];
    return html`<div class="tabs" role="tablist" aria-label="About this ${this.entity.one}" @keydown=${this.#arrow}>
      ${tabs.map(
        ([key, label]) => html`<button
          role="tab"
          id="tab-${key}"
          aria-selected=${this.tab === key}
          aria-controls="drawer-panel"
          tabindex=${this.tab === key ? 0 : -1}
          @click=${() => (this.tab = key)}
        >
          ${label}
        </button>`,
      )}
    </div>`;
  }

  /** @param {Row} row */
  #end(row) {
    if (!this.room.session.canWrite) return nothing;
    const verb = row.is_archived ? "restore" : "archive";
    const write = { id: row.id, version: row.version, shows: { is_archived: !row.is_archived } };
    const act = () => void this.room.write(this.entity, verb, write).catch(() => undefined);
    const over = this.entity.relist?.ended.includes(row[this.entity.status]);
    return html`<footer>
      ${over
        ? html`<button class="quiet" @click=${() => /** @type {any} */ (this.querySelector("hr-relist")).show(row)}>
            ${icon("again")}Relist…
          </button>`
        : nothing}
      <button class="quiet" @click=${act}>${icon("archive")}${row.is_archived ? "Restore" : "Archive"}</button>
      <button class="quiet danger" @click=${() => /** @type {any} */ (this.querySelector("hr-removal")).show(row)}>
        ${icon("trash")}Delete…
      </button>
    </footer>`;
  }

  #nothing() {
    return html`<header>
        <div class="line"><span class="gap"></span>
          <button class="quiet icon-only" aria-label="Close" @click=${this.close}>${icon("close")}</button>
        </div>
        <h2 id="drawer-title" tabindex="-1">${this.missing ? `This ${this.entity.one} is not here` : "One moment…"}</h2>
      </header>
      <div class="body"><p class="lead">${this.missing}</p></div>`;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    this.close();
  }

  /** @param {Event} event the address decides what is open, so the browser may not close it alone */
  #cancel(event) {
    if (event.target !== this.#dialog) return;
    event.preventDefault();
    this.close();
  }

  /** @param {KeyboardEvent} event */
  async #arrow(event) {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    this.tab = this.tab === "details" ? "history" : "details";
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector(`#tab-${this.tab}`))?.focus();
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(location.href);
      this.room.notices.show("The link is copied.", "good");
    } catch {
      this.room.notices.show("Copy the address of this page to share the record.");
    }
  }

  /** @param {string} id */
  #focusBack(id) {
    const place = document.querySelector(`a[data-id="${CSS.escape(id)}"], [data-id="${CSS.escape(id)}"] a`);
    /** @type {HTMLElement | null} */ (place)?.focus({ preventScroll: true });
  }
}

customElements.define("hr-drawer", Drawer);
