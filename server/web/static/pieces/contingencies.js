// @ts-check
/** What must be settled before an escrow closes, by when, and whether it is. */

import { date, inDays, words } from "../entities/format.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { icon } from "./icons.js";
import { option } from "./inputs.js";
import { Piece, given } from "./piece.js";

/** @import { Entity } from "../entities/entity.js" */
/** @import { Room } from "../room/room.js" */
/** @import { Row } from "../../../../clients/js/src/types.js" */

const STATES = ["pending", "satisfied", "waived", "removed"];
const USUAL = ["inspection", "appraisal", "loan"];

/** @typedef {{type: string, due_date: string | null, status: string}} Contingency */

export class Contingencies extends Piece {
  static properties = {
    room: { attribute: false },
    entity: { attribute: false },
    row: { attribute: false },
    canWrite: { attribute: false },
    adding: { state: true },
  };

  constructor() {
    super();
    /** @type {Room} */ this.room = given;
    /** @type {Entity} */ this.entity = given;
    /** @type {Row} */ this.row = given;
    this.canWrite = false;
    this.adding = false;
  }

  /** @returns {Contingency[]} */
  get list() {
    return this.row.contingencies ?? [];
  }

  render() {
    return html`<ul class="contingencies">
        ${this.list.map((one, i) => this.#item(one, i))}
      </ul>
      ${this.list.length === 0 && !this.adding ? html`<p class="none">None</p>` : nothing}
      ${this.adding ? this.#form() : nothing}
      ${
        this.canWrite && !this.adding
          ? html`<button class="quiet small" @click=${() => (this.adding = true)}>
              ${icon("plus")}Add a contingency
            </button>`
          : nothing
      }`;
  }

  /** @param {Contingency} one @param {number} i */
  #item(one, i) {
    const open = one.status === "pending";
    const change = (/** @type {any} */ { target }) =>
      this.#save(
        this.list.map((other, j) => (i === j ? { ...other, status: target.value } : other)),
      );
    return html`<li class=${open ? "open" : "settled"}>
      ${icon(open ? "circle" : "check")}
      <span class="what">${words(one.type)}</span>
      <span class="place">${open ? due(one) : one.due_date && date(one.due_date)}</span>
      ${
        this.canWrite
          ? html`<select
                aria-label="${words(one.type)} contingency"
                .value=${one.status}
                @change=${change}
              >
                ${STATES.map((state) => option(state, words(state), one.status))}
              </select>
              <button
                class="quiet icon-only"
                aria-label="Take ${words(one.type)} off the list"
                @click=${() => this.#save(this.list.filter((_, j) => j !== i))}
              >
                ${icon("close")}
              </button>`
          : html`<span class="tag">${words(one.status)}</span>`
      }
    </li>`;
  }

  #form() {
    const left = USUAL.filter((type) => !this.list.some((one) => one.type === type));
    return html`<form class="contingency" @submit=${this.#add}>
      <input
        name="type"
        required
        aria-label="Contingency"
        placeholder="Contingency"
        list="usual"
        maxlength="80"
        .value=${left[0] ?? ""}
      />
      <datalist id="usual">${left.map((type) => html`<option value=${type}></option>`)}</datalist>
      <input name="due" type="date" aria-label="Due" />
      <button class="primary">Add</button>
      <button type="button" class="quiet" @click=${() => (this.adding = false)}>Cancel</button>
    </form>`;
  }

  /** @param {SubmitEvent} event */
  #add(event) {
    event.preventDefault();
    const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
    this.adding = false;
    const due = String(data.get("due"));
    void this.#save([
      ...this.list,
      { type: String(data.get("type")), due_date: due || null, status: "pending" },
    ]);
  }

  /** @param {Contingency[]} contingencies */
  async #save(contingencies) {
    const { id, version } = this.row;
    await this.room
      .write(this.entity, "update", { id, version, body: { contingencies } })
      .catch(() => undefined);
  }
}

/** @param {Contingency} one */
const due = ({ due_date: day }) => (day ? `due ${date(day)}, ${inDays(day)}` : "");

customElements.define("hr-contingencies", Contingencies);
