// @ts-check
/** The board: a lane for each status, with what it holds and what that is worth. */

import { money, number, shortMoney } from "../entities/format.js";
import { sum } from "../entities/sums.js";
import { classMap, html, nothing, repeat } from "../vendor/lit-3.3.3.min.js";
import { card } from "./card.js";
import { icon } from "./icons.js";
import { by } from "./matching.js";
import { Piece, given } from "./piece.js";

/** @import { Entity, Status } from "../entities/entity.js" */
/** @import { Room } from "../room/room.js" */
/** @import { Row } from "../../../../clients/js/src/types.js" */

const FIRST = 30;
const MORE = 60;
const FEW = 10; // not worth a button

export class Board extends Piece {
  static properties = {
    room: { attribute: false },
    entity: { attribute: false },
    rows: { attribute: false },
    open: { attribute: false },
    dragged: { state: true },
  };
  /** @type {Map<string, number>} */ #shown = new Map();

  constructor() {
    super();
    /** @type {Room} */ this.room = given;
    /** @type {Entity} */ this.entity = given;
    /** @type {Row[]} */ this.rows = [];
    this.open = "";
    /** @type {Row | null} */ this.dragged = null;
  }

  render() {
    const lanes = Map.groupBy(this.rows, (row) => row[this.entity.status]);
    const statuses = this.entity.statuses;
    return html`<div class="board" aria-busy=${!this.room.holds(this.entity.plural)}>
      ${repeat(
        statuses,
        ({ key }) => `${this.entity.name} ${key}`,
        (status) => this.#lane(status, lanes.get(status.key) ?? []),
      )}
    </div>`;
  }

  /**
   * @param {Status} status
   * @param {Row[]} rows
   */
  #lane(status, rows) {
    const { plural, name } = this.entity;
    const id = `lane-${name}-${status.key}`;
    const pref = `${plural}.folded.${status.key}`;
    const bare = rows.length === 0 && this.room.holds(plural);
    const folded = this.room.prefs.get(pref, status.folded === "empty" ? bare : !!status.folded);
    const total = sum(rows, this.entity.price);
    const fold = () => this.room.prefs.set(pref, !folded);
    const target = this.dragged?.allowed_transitions?.includes(status.key) ?? false;
    return html`<section
      class=${classMap({ lane: true, folded, target })}
      aria-labelledby=${id}
      @dragover=${(/** @type {DragEvent} */ event) => target && event.preventDefault()}
      @drop=${(/** @type {DragEvent} */ event) => this.#drop(event, status.key)}
    >
      <header>
        <h2 id=${id}><span class="dot ${status.tone}"></span>${status.label}</h2>
        <span class="count">${number(rows.length)}<span class="unseen"> ${plural}</span></span>
        <span class="total" title=${money(total)}>${total > 0 ? shortMoney(total) : ""}</span>
        <button
          class="quiet icon-only fold"
          aria-expanded=${!folded}
          aria-label="${folded ? "Unfold" : "Fold"} ${status.label}"
          @click=${fold}
        >
          ${icon(folded ? "unfold" : "fold")}
        </button>
      </header>
      ${folded ? nothing : this.#cards(status, rows)}
    </section>`;
  }

  /**
   * @param {Status} status
   * @param {Row[]} rows
   */
  #cards(status, rows) {
    if (rows.length === 0) {
      return html`<p class="empty">${this.room.holds(this.entity.plural) ? "Nothing here" : "Loading…"}</p>`;
    }
    const pile = `${this.entity.name} ${status.key}`;
    let limit = this.#shown.get(pile) ?? FIRST;
    if (rows.length <= limit + FEW) limit = rows.length;
    const [when, direction] = status.recent ? [status.recent, -1] : [this.entity.order, 1];
    const sorted = rows.toSorted(by(when, /** @type {1 | -1} */ (direction)));
    const more = () => (this.#shown.set(pile, limit + MORE), this.requestUpdate());
    return html`<ul class="cards">
        ${repeat(
          sorted.slice(0, limit),
          ({ id }) => id,
          (row) =>
            html`<li
              draggable=${this.room.session.canWrite ? "true" : nothing}
              @dragstart=${(/** @type {DragEvent} */ event) => this.#drag(event, row)}
              @dragend=${() => (this.dragged = null)}
            >
              ${card(this.room, this.entity, row, row.id === this.open)}
            </li>`,
        )}
      </ul>
      ${
        sorted.length > limit
          ? html`<button class="quiet more" @click=${more}>
              Show ${Math.min(MORE, sorted.length - limit)} more
            </button>`
          : nothing
      }`;
  }

  /** @param {DragEvent} event @param {Row} row */
  #drag(event, row) {
    event.dataTransfer?.setData("text/plain", row.display_id ?? row.id);
    // Changing the page inside dragstart makes Chromium end the drag.
    setTimeout(() => (this.dragged = row));
  }

  /** @param {DragEvent} event @param {string} status */
  #drop(event, status) {
    event.preventDefault();
    const row = this.dragged;
    this.dragged = null;
    if (row) this.tell("move", { row, to: status });
  }
}

customElements.define("hr-board", Board);
