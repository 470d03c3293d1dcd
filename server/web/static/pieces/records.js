// @ts-check
/** One kind of record as a board or a table: figures, search, and the way to add one. */

import { money, number, shortMoney } from "../entities/format.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { icon } from "./icons.js";
import { matching } from "./matching.js";
import { Piece, given } from "./piece.js";
import "./board.js";
import "./create.js";
import "./table.js";

/** @import { Entity, Figure } from "../entities/entity.js" */
/** @import { Room } from "../room/room.js" */

export class Records extends Piece {
  static properties = {
    room: { attribute: false },
    entity: { attribute: false },
    open: { attribute: false },
    search: { state: true },
    mine: { state: true },
    archived: { state: true },
    status: { state: true },
  };

  constructor() {
    super();
    /** @type {Room} */ this.room = given;
    /** @type {Entity} */ this.entity = given;
    this.open = "";
    this.search = "";
    this.mine = false;
    this.archived = false;
    this.status = "";
  }

  /** @returns {[EventTarget, string?][]} */
  get watched() {
    return [[this.room], [this.room.marks], [this.room.company], [this.room.prefs]];
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has("entity")) return;
    Object.assign(this, { search: "", mine: false, archived: false, status: "" });
    void this.room.hold(this.entity.plural);
  }

  render() {
    const { title, plural, one } = this.entity;
    const all = this.room.rows(this.entity);
    const ready = this.room.holds(plural);
    const { search, mine, archived, status } = this;
    const current = all.filter((row) => !row.is_archived);
    const table =
      this.room.prefs.get(`${plural}.view`, this.entity.view ?? "board") === "table";
    const rows = matching(this.entity, all, {
      search,
      archived,
      status: table ? status : "",
      owner: mine ? this.room.me : "",
    });
    return html`
      <div class="head">
        <h1>${title}</h1>
        <dl class="figures" aria-label="In figures">
          ${ready ? this.entity.figures(current).map(figure) : nothing}
        </dl>
      </div>
      <div class="tools" role="group" aria-label="Show">
        <div class="search">
          ${icon("search")}
          <input
            type="search"
            aria-label="Search ${plural}"
            placeholder=${this.entity.priceField ? "Address, city, name, number" : "Name, phone, e-mail, number"}
            .value=${search}
            @input=${(/** @type {any} */ { target }) => (this.search = target.value)}
          />
        </div>
        ${table ? this.#statusSelect() : nothing}
        <button class="chip" aria-pressed=${mine} @click=${() => (this.mine = !mine)}>Mine</button>
        <button class="chip" aria-pressed=${archived} @click=${() => (this.archived = !archived)}>
          Archived
        </button>
        <span class="gap"></span>
        <div class="switch" role="group" aria-label="View">
          <button aria-pressed=${!table} @click=${() => this.#view("board")}>
            ${icon("board")}<span>Board</span>
          </button>
          <button aria-pressed=${table} @click=${() => this.#view("table")}>
            ${icon("table")}<span>Table</span>
          </button>
        </div>
        <button
          class="quiet icon-only rail-switch"
          aria-pressed=${this.room.prefs.get("rail", true)}
          aria-label="Activity beside the board"
          @click=${this.#rail}
        >
          ${icon("rail")}
        </button>
        ${
          this.room.session.canWrite
            ? html`<button class="primary" @click=${this.#new}>${icon("plus")}New ${one}</button>`
            : nothing
        }
      </div>
      ${
        ready && all.length === 0
          ? this.#first()
          : table
            ? html`<hr-table
                .room=${this.room}
                .entity=${this.entity}
                .rows=${rows}
                .open=${this.open}
              ></hr-table>`
            : html`<hr-board
                .room=${this.room}
                .entity=${this.entity}
                .rows=${rows}
                .open=${this.open}
              ></hr-board>`
      }
      <hr-create .room=${this.room} .entity=${this.entity}></hr-create>
    `;
  }

  #first() {
    const { plural, one } = this.entity;
    return html`<div class="first">
      ${icon(plural)}
      <p>
        No ${plural} yet.
        ${this.room.session.canWrite ? "The first one appears on every screen at once." : ""}
      </p>
      ${
        this.room.session.canWrite
          ? html`<button class="plain" @click=${this.#new}>
              ${icon("plus")}Add the first ${one}
            </button>`
          : nothing
      }
    </div>`;
  }

  #statusSelect() {
    return html`<select
      aria-label="Status"
      @change=${(/** @type {any} */ { target }) => (this.status = target.value)}
    >
      <option value="" ?selected=${this.status === ""}>All statuses</option>
      ${this.entity.statuses.map(
        ({ key, label }) =>
          html`<option value=${key} ?selected=${this.status === key}>${label}</option>`,
      )}
    </select>`;
  }

  /** @param {"board" | "table"} view */
  #view(view) {
    this.room.prefs.set(`${this.entity.plural}.view`, view);
  }

  #rail() {
    this.room.prefs.set("rail", !this.room.prefs.get("rail", true));
  }

  #new() {
    /** @type {any} */ (this.querySelector("hr-create")).show();
  }
}

/** @param {Figure} figure */
function figure({ label, money: amount, count, text }) {
  return html`<div>
    <dt>${label}</dt>
    <dd>
      <span title=${amount === undefined ? nothing : money(amount)}
        >${amount === undefined ? text : shortMoney(amount)}</span
      >
      ${count === undefined ? nothing : html`<small>${number(count)}</small>`}
    </dd>
  </div>`;
}

customElements.define("hr-records", Records);
