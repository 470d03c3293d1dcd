// @ts-check
/** The fields of a record in groups; empty ones are out of the way until asked for. */

import { OWNER, PRIVATE } from "../entities/field.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { icon } from "./icons.js";
import { Piece, given } from "./piece.js";
import "./contingencies.js";
import "./value.js";

/** @import { Entity } from "../entities/entity.js" */
/** @import { Field, Group } from "../entities/field.js" */
/** @import { Room } from "../room/room.js" */
/** @import { Row } from "../../../../clients/js/src/types.js" */

const MIN_SHOWN = 3;

export class Details extends Piece {
  static properties = {
    room: { attribute: false },
    entity: { attribute: false },
    row: { attribute: false },
    unfolded: { state: true },
  };

  constructor() {
    super();
    /** @type {Room} */ this.room = given;
    /** @type {Entity} */ this.entity = given;
    /** @type {Row} */ this.row = given;
    /** @type {ReadonlySet<string>} */ this.unfolded = new Set();
  }

  /** @returns {[EventTarget, string?][]} */
  get watched() {
    return [[this.room, "members"]];
  }

  render() {
    return this.entity.groups.map((group) => this.#group(group));
  }

  /** @param {Group} group */
  #group({ title, fields }) {
    const canWrite = this.room.session.canWrite && this.row.version > 0;
    const possible = fields.filter((field) => this.#filled(field) || (canWrite && !field.fixed));
    const filled = possible.filter((field) => this.#filled(field) || field.required);
    const all = this.unfolded.has(title) || possible.length - filled.length === 0;
    const shown = all
      ? possible
      : possible.filter(
          (field, i) => filled.includes(field) || (filled.length < MIN_SHOWN && i < MIN_SHOWN),
        );
    const hidden = possible.length - shown.length;
    if (possible.length === 0) return nothing;
    const id = `group-${title.toLowerCase()}`;
    return html`<section class="group" aria-labelledby=${id}>
      <h3 id=${id}>${title}</h3>
      <div class="fields">${shown.map((field) => this.#field(field, canWrite))}</div>
      ${
        hidden > 0
          ? html`<button
              class="quiet small"
              @click=${() => (this.unfolded = new Set([...this.unfolded, title]))}
            >
              ${icon("plus")}${hidden} empty ${hidden === 1 ? "field" : "fields"}
            </button>`
          : nothing
      }
    </section>`;
  }

  /** @param {Field} field @param {boolean} canWrite */
  #field(field, canWrite) {
    if (field === PRIVATE) canWrite &&= this.room.decides(this.row);
    if (field === OWNER) {
      canWrite &&= this.room.gives(this.row);
      field = { ...field, choices: this.room.people };
    }
    if (field.type === "contingencies") {
      return html`<hr-contingencies
        .room=${this.room}
        .entity=${this.entity}
        .row=${this.row}
        .canWrite=${canWrite}
      ></hr-contingencies>`;
    }
    return html`<hr-value
      .room=${this.room}
      .entity=${this.entity}
      .row=${this.row}
      .field=${field}
      .canWrite=${canWrite && !field.fixed}
    ></hr-value>`;
  }

  /** @param {Field} field */
  #filled(field) {
    const value = this.row[field.name];
    if (field.type === "contingencies") return true;
    return (
      value !== null &&
      value !== undefined &&
      value !== "" &&
      !(Array.isArray(value) && value.length === 0)
    );
  }
}

customElements.define("hr-details", Details);
