// @ts-check
/** The same records as a table: sorted by any column, one row each. */

import { fieldOf, placeOf, statusOf, titleOf } from "../entities/entity.js";
import { ago, date, inDays, show } from "../entities/format.js";
import { go, to } from "../room/routes.js";
import { html, nothing, repeat } from "../vendor/lit-3.3.3.min.js";
import { avatar } from "./avatar.js";
import { byline, secret } from "./card.js";
import { icon } from "./icons.js";
import { by } from "./matching.js";
import { Piece, given } from "./piece.js";

/** @import { Entity } from "../entities/entity.js" */
/** @import { Room } from "../room/room.js" */
/** @import { Row } from "../../../../clients/js/src/types.js" */

const FIRST = 100;
const NUMERIC = new Set(["money", "integer", "decimal"]);

export class Table extends Piece {
  static properties = {
    room: { attribute: false },
    entity: { attribute: false },
    rows: { attribute: false },
    open: { attribute: false },
    limit: { state: true },
  };

  constructor() {
    super();
    /** @type {Room} */ this.room = given;
    /** @type {Entity} */ this.entity = given;
    /** @type {Row[]} */ this.rows = [];
    this.open = "";
    this.limit = FIRST;
  }

  /** @returns {{name: string, direction: 1 | -1}} */
  get order() {
    return this.room.prefs.get(`${this.entity.plural}.order`, {
      name: "updated_at",
      direction: -1,
    });
  }

  render() {
    const { name, direction } = this.order;
    const rows = this.rows.toSorted(by(name, direction, this.#sortValue(name)));
    return html`<div class="table-frame">
        <table>
          <caption class="unseen">
            ${this.entity.title}, ${rows.length}
          </caption>
          <thead>
            <tr>
              ${this.entity.columns.map((column) => this.#heading(column))}
            </tr>
          </thead>
          <tbody>
            ${repeat(
              rows.slice(0, this.limit),
              ({ id }) => id,
              (row) => this.#row(row),
            )}
          </tbody>
        </table>
        ${
          rows.length > 0
            ? nothing
            : html`<p class="empty">${this.room.holds(this.entity.plural) ? "Nothing matches" : "Loading…"}</p>`
        }
      </div>
      ${
        rows.length > this.limit
          ? html`<button class="quiet more" @click=${() => (this.limit = rows.length)}>
              Show all ${rows.length}
            </button>`
          : nothing
      }`;
  }

  /** @param {string} name */
  #heading(name) {
    const { name: sorted, direction } = this.order;
    const on = sorted === name;
    const { label, type } = fieldOf(this.entity, name);
    return html`<th
      scope="col"
      class="${name} ${NUMERIC.has(type) ? "number" : ""}"
      aria-sort=${on ? (direction === 1 ? "ascending" : "descending") : nothing}
    >
      <button
        class="quiet"
        @click=${() => this.#sort(name, on ? /** @type {1 | -1} */ (-direction) : 1)}
      >
        ${label}${on ? icon(direction === 1 ? "up" : "down") : nothing}
      </button>
    </th>`;
  }

  /** @param {Row} row */
  #row(row) {
    const mark = this.room.marks.of(row.id);
    const touched = mark ? `touched beat-${mark.seq % 2}` : "";
    return html`<tr
      class="${touched} ${row.pending ? "pending" : ""}"
      aria-current=${row.id === this.open ? "true" : nothing}
      data-id=${row.id}
      @click=${(/** @type {Event} */ event) => this.#open(event, row)}
    >
      ${this.entity.columns.map((name) =>
        name === this.entity.columns[0]
          ? html`<th scope="row" class=${name}>
              <a href=${to(this.entity.plural, row.version > 0 ? row.id : "")}
                >${secret(row)}${titleOf(row)}</a
              >
              <span class="place">${mark ? byline(mark) : placeOf(row, this.entity)}</span>
            </th>`
          : html`<td
              class="${name} ${NUMERIC.has(fieldOf(this.entity, name).type) ? "number" : ""}"
            >
              ${this.#cell(row, name)}
            </td>`,
      )}
    </tr>`;
  }

  /** @param {Row} row @param {string} name */
  #cell(row, name) {
    if (name === this.entity.status) {
      const { label, tone } = statusOf(this.entity, row[name]);
      return html`<span class="status"><span class="dot ${tone}"></span>${label}</span>`;
    }
    if (name === "owner_id") {
      const owner = this.room.nameOf(row.owner_id);
      return owner ? html`<span class="agent">${avatar(owner)}${owner}</span>` : "";
    }
    if (name === "updated_at") return row.pending ? "To be sent" : ago(row.updated_at);
    if (name === "closing_date" && row[name])
      return html`${date(row[name])} <span class="place">${inDays(row[name])}</span>`;
    if (name === this.entity.priceField)
      return show(fieldOf(this.entity, name), this.entity.price(row));
    return show(fieldOf(this.entity, name), row[name]);
  }

  /** @param {string} name @returns {((row: Row) => any) | undefined} */
  #sortValue(name) {
    if (name === this.entity.columns[0]) return titleOf;
    if (name === "owner_id") return (row) => this.room.nameOf(row.owner_id);
    if (name === this.entity.priceField) return this.entity.price;
    if (name === this.entity.status) {
      return (row) => this.entity.statuses.findIndex(({ key }) => key === row[name]);
    }
    return undefined;
  }

  /** @param {string} name @param {1 | -1} direction */
  #sort(name, direction) {
    this.room.prefs.set(`${this.entity.plural}.order`, { name, direction });
  }

  /** A click anywhere in the row is the link's, for the mouse; the link serves everybody else.
   * @param {Event} event @param {Row} row */
  #open(event, row) {
    if (/** @type {HTMLElement} */ (event.target).closest("a") || row.version === 0) return;
    go(to(this.entity.plural, row.id));
  }
}

customElements.define("hr-table", Table);
