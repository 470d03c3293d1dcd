// @ts-check
/** The others who are here, in the bar: who, and what they are at. */

import { fieldOf, titleOf } from "../entities/entity.js";
import { spoken } from "../entities/field.js";
import { placeOf } from "../room/presence.js";
import { to } from "../room/routes.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { avatar } from "./avatar.js";
import { Piece, given } from "./piece.js";

/** @import { Here } from "../../../../clients/js/src/presence.js" */
/** @import { Room } from "../room/room.js" */

const SHOWN = 4;
const SHOWN_NARROW = 2;
const LISTED = 30;

export class People extends Piece {
  static properties = { room: { attribute: false } };

  constructor() {
    super();
    /** @type {Room} */ this.room = given;
  }

  /** @returns {[EventTarget, string?][]} */
  get watched() {
    return [[this.room.company], [this.room, "members"]];
  }

  render() {
    const { others } = this.room.company;
    if (others.length === 0) return nothing;
    const names = others.slice(0, LISTED).map(({ user }) => user.name);
    return html`<button class="company quiet" popovertarget="company">
        ${discs(others.slice(0, SHOWN))}
        ${more("wide", others.length - SHOWN)}${more("narrow", others.length - SHOWN_NARROW)}
        <span class="unseen">Here now: ${names.join(", ")}</span>
      </button>
      <div id="company" class="menu" popover>
        <p class="head">Here now</p>
        <ul class="folk">
          ${others.slice(0, LISTED).map(
            (one) =>
              html`<li class=${one.state}>
                ${avatar(one.user.name)}
                <span><strong>${one.user.name}</strong> ${this.#doing(one)}</span>
              </li>`,
          )}
        </ul>
      </div>`;
  }

  /** @param {Here} one */
  #doing({ state, record, field }) {
    const away = state === "idle" ? "away" : "";
    if (!record) return html`<span class="hint">${away}</span>`;
    const { entity, id } = placeOf(record);
    const row = entity && this.room.row(entity, id);
    if (!entity || !row) return html`<span class="hint">${away}</span>`;
    const what = field ? `edits the ${spoken(fieldOf(entity, field))} of` : "edits";
    const verb = away ? "away from" : state === "editing" ? what : "looks at";
    return html`<span class="hint"
      >${verb} <a href=${to(entity.plural, id)}>${titleOf(row)}</a></span
    >`;
  }
}

/** @param {string} where @param {number} count */
const more = (where, count) =>
  count > 0 ? html`<span class="more ${where}" aria-hidden="true">+${count}</span>` : nothing;

/** Discs side by side, without a word. @param {readonly Here[]} ones */
export const discs = (ones) =>
  html`<span class="discs"
    >${ones.map(({ user, state }) => html`<span class=${state} title=${user.name}>${avatar(user.name)}</span>`)}</span
  >`;

/** "Ana and Ben" @param {readonly Here[]} ones */
export const firstNames = (ones) =>
  ones
    .map(({ user }) => user.name.split(" ")[0])
    .join(", ")
    .replace(/, ([^,]*)$/, " and $1");

customElements.define("hr-company", People);
