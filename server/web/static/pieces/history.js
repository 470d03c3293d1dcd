// @ts-check
/** What happened to one record, and for a listing, how its price went. */

import { ago, clock, fullDate, money } from "../entities/format.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { avatar } from "./avatar.js";
import { Piece, given } from "./piece.js";
import { story } from "./story.js";

/** @import { Entity } from "../entities/entity.js" */
/** @import { Entry } from "../room/feed.js" */
/** @import { Room } from "../room/room.js" */
/** @import { Row } from "../../../../clients/js/src/types.js" */

const PAGE = 50;

export class History extends Piece {
  static properties = {
    room: { attribute: false },
    entity: { attribute: false },
    row: { attribute: false },
    entries: { state: true },
    prices: { state: true },
    problem: { state: true },
  };
  #version = -1;

  constructor() {
    super();
    /** @type {Room} */ this.room = given;
    /** @type {Entity} */ this.entity = given;
    /** @type {Row} */ this.row = given;
    /** @type {Entry[] | null} */ this.entries = null;
    /** @type {any[]} */ this.prices = [];
    this.problem = "";
    this.whole = true;
  }

  willUpdate() {
    if (this.row.version === this.#version || this.row.version === 0) return;
    this.#version = this.row.version;
    void this.#read();
  }

  render() {
    if (this.problem) return html`<p class="empty">${this.problem}</p>`;
    if (!this.entries) return html`<p class="empty">Loading…</p>`;
    return html`${this.prices.length > 0 ? this.#prices() : nothing}
      <section class="group" aria-labelledby="changes-title">
        <h3 id="changes-title">Changes</h3>
        <ol class="feed">
          ${this.entries.map((entry) => this.#entry(entry))}
        </ol>
        ${
          this.whole
            ? nothing
            : html`<button class="quiet more" @click=${this.#earlier}>Show earlier</button>`
        }
      </section>`;
  }

  #prices() {
    return html`<section class="group" aria-labelledby="prices-title">
      <h3 id="prices-title">List price</h3>
      <ol class="prices">
        ${this.prices.map((price) => this.#price(price))}
      </ol>
    </section>`;
  }

  /** @param {any} price */
  #price({ list_price: now, previous_list_price: before, effective_date, at, changed_by, reason }) {
    const change = before ? Math.round(1000 * (now / before - 1)) / 10 : 0;
    const percent = html`<span class=${change > 0 ? "rise" : "cut"}
      >${change > 0 ? "+" : "−"}${Math.abs(change)}%</span
    >`;
    const told = [fullDate(effective_date ?? at), changed_by?.name, reason].filter(Boolean);
    return html`<li>
      <strong>${money(now)}</strong>${change ? percent : nothing}
      <span class="place">${told.join(", ")}</span>
    </li>`;
  }

  /** @param {Entry} entry */
  #entry(entry) {
    return html`<li>
      ${avatar(entry.a?.name ?? "")}
      <p>
        ${story(entry, this.room.me, "")}
        <time datetime=${entry.at} title="${fullDate(entry.at)}, ${clock(entry.at)}"
          >${ago(entry.at)}</time
        >
      </p>
    </li>`;
  }

  #earlier = () => this.#read(this.entries?.at(-1)?.s);

  /** @param {number} [before] */
  async #read(before) {
    const { name, plural } = this.entity;
    const query = new URLSearchParams({ entity: name, entity_id: this.row.id, limit: `${PAGE}` });
    if (before) query.set("before_seq", `${before}`);
    try {
      const { data } = await this.room.session.ask("GET", `/v1/activity?${query}`);
      this.whole = data.length < PAGE;
      this.entries = before ? [...(this.entries ?? []), ...data] : data;
      if (this.entity.prices && !before) {
        this.prices = (
          await this.room.session.ask("GET", `/v1/${plural}/${this.row.id}/price-history`)
        ).data;
      }
      this.problem = "";
    } catch (problem) {
      if (!this.entries) this.problem = /** @type {Error} */ (problem).message;
    }
  }
}

customElements.define("hr-history", History);
