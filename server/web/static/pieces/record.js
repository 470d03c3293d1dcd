// @ts-check
/** One record: what matters on top, its fields edited in place, its story, its moves. */

import { placeOf, statusOf, titleOf } from "../entities/entity.js";
import { ago, money } from "../entities/format.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { discs, firstNames } from "./company.js";
import { icon } from "./icons.js";
import { Piece, given } from "./piece.js";
import "./details.js";
import "./history.js";
import "./relist.js";
import "./removal.js";

/** @import { Entity } from "../entities/entity.js" */
/** @import { Room } from "../room/room.js" */
/** @import { Row } from "../../../../clients/js/src/types.js" */

const TABS = [
  ["details", "Details"],
  ["history", "History"],
];

/** Dispatches `close`, and `move` {row, to}. */
export class Record extends Piece {
  static properties = {
    room: { attribute: false },
    entity: { attribute: false },
    row: { attribute: false },
    tab: { state: true },
  };

  constructor() {
    super();
    /** @type {Room} */ this.room = given;
    /** @type {Entity} */ this.entity = given;
    /** @type {Row} */ this.row = given;
    this.tab = "details";
  }

  render() {
    const { room, entity, row } = this;
    const panel =
      this.tab === "details"
        ? html`<hr-details .room=${room} .entity=${entity} .row=${row}></hr-details>${this.#end()}`
        : html`<hr-history .room=${room} .entity=${entity} .row=${row}></hr-history>`;
    return html`${this.#head()}
      <div
        class="body"
        id="drawer-panel"
        role="tabpanel"
        aria-labelledby="tab-${this.tab}"
        tabindex="0"
      >
        ${panel}
      </div>
      ${entity.relist ? html`<hr-relist .room=${room} .entity=${entity}></hr-relist>` : nothing}
      <hr-removal
        .room=${room}
        .entity=${entity}
        @removed=${() => this.tell("close")}
      ></hr-removal>`;
  }

  /** @returns {[EventTarget, string?][]} */
  get watched() {
    return [[this.room.company]];
  }

  #head() {
    const { entity, row } = this;
    const status = statusOf(entity, row[entity.status]);
    const price = entity.price(row);
    return html`<header class="record-head">
      <div class="line">
        <span class="status"><span class="dot ${status.tone}"></span>${status.label}</span>
        ${row.is_private ? html`<span class="tag secret">${icon("lock")}Private</span>` : nothing}
        ${row.is_archived ? html`<span class="tag">Archived</span>` : nothing}
        <span class="id">${row.display_id ?? ""}</span>
        <span class="gap"></span>
        ${this.#others()}
        <button class="quiet icon-only" aria-label="Copy the link" @click=${this.#copy}>
          ${icon("link")}
        </button>
        <button class="quiet icon-only" aria-label="Close" @click=${() => this.tell("close")}>
          ${icon("close")}
        </button>
      </div>
      <h2 id="drawer-title" tabindex="-1">${titleOf(row)}</h2>
      <p class="place">${placeOf(row, entity)}</p>
      ${
        entity.priceField
          ? html`<p class="price">${price ? money(price) : "No price yet"}</p>`
          : nothing
      }
      <p class="edited">${this.#state()}</p>
      ${this.#moves()} ${this.#deeds()} ${this.#tabs()}
    </header>`;
  }

  #others() {
    const others = this.room.company.at(this.entity, this.row);
    if (others.length === 0) return nothing;
    return html`<span class="here" role="img" aria-label="${firstNames(others)} here, too"
      >${discs(others.slice(0, 4))}</span
    >`;
  }

  #state() {
    const { pending, updated_at, last_modified_by: editor } = this.row;
    if (!pending)
      return `Last change ${ago(updated_at)}${editor?.name ? ` by ${editor.name}` : ""}`;
    return this.room.live.connected
      ? "Your change is being saved…"
      : "Your change is kept here and sent when we are back online.";
  }

  #moves() {
    const { row, entity } = this;
    const steps = /** @type {string[]} */ (row.allowed_transitions ?? []);
    if (!this.room.session.canWrite || row.is_archived || steps.length === 0) return nothing;
    return html`<div class="moves" role="group" aria-label="Move to another status">
      <span class="hint" aria-hidden="true">Move to</span>
      ${steps.map((key) => {
        const { label, tone } = statusOf(entity, key);
        return html`<button class="step" @click=${() => this.tell("move", { row, to: key })}>
          <span class="dot ${tone}"></span>${label}…
        </button>`;
      })}
    </div>`;
  }

  #deeds() {
    const { room, entity, row } = this;
    const me = { id: room.me, leads: room.session.leads };
    const deeds = (entity.deeds ?? []).filter((one) => one.when(row, me));
    if (!room.session.canWrite || row.is_archived || row.version === 0 || deeds.length === 0)
      return nothing;
    return html`<div class="moves" role="group" aria-label="What else can be done">
      ${deeds.map(
        ({ verb, label }) =>
          html`<button class="step" @click=${() => this.#do(verb)}>${label}</button>`,
      )}
    </div>`;
  }

  /** What is refused is told by the room. @param {string} verb */
  #do(verb) {
    const { id, version } = this.row;
    void this.room.write(this.entity, verb, { id, version }).catch(() => undefined);
  }

  #tabs() {
    return html`<div
      class="tabs"
      role="tablist"
      aria-label="About this ${this.entity.one}"
      @keydown=${this.#arrow}
    >
      ${TABS.map(
        ([key, label]) =>
          html`<button
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

  #end() {
    const { row, entity } = this;
    if (!this.room.session.canWrite) return nothing;
    const over = entity.relist?.ended.includes(row[entity.status]);
    const relist = html`<button class="quiet" @click=${() => this.#dialog("hr-relist").show(row)}>
      ${icon("again")}Relist…
    </button>`;
    return html`<footer>
      ${over ? relist : nothing}
      <button class="quiet" @click=${this.#archive}>
        ${icon("archive")}${row.is_archived ? "Restore" : "Archive"}
      </button>
      <button class="quiet danger" @click=${() => this.#dialog("hr-removal").show(row)}>
        ${icon("trash")}Delete…
      </button>
    </footer>`;
  }

  #archive = () => {
    const { id, version, is_archived } = this.row;
    const write = { id, version, shows: { is_archived: !is_archived } };
    const verb = is_archived ? "restore" : "archive";
    void this.room.write(this.entity, verb, write).catch(() => undefined);
  };

  /** @param {string} name */
  #dialog(name) {
    return /** @type {any} */ (this.querySelector(name));
  }

  /** @param {KeyboardEvent} event */
  async #arrow({ key }) {
    if (key !== "ArrowLeft" && key !== "ArrowRight") return;
    this.tab = this.tab === "details" ? "history" : "details";
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector(`#tab-${this.tab}`))?.focus();
  }

  #copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      this.room.notices.show("The link is copied.", "good");
    } catch {
      this.room.notices.show("Copy the address of this page to share the record.");
    }
  };
}

customElements.define("hr-record", Record);
