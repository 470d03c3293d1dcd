// @ts-check
/** Whether this page is live, and how many changes still wait to be sent. */

import { number } from "../entities/format.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { Piece, given } from "./piece.js";

/** @import { Room } from "../room/room.js" */

/** @type {Record<string, [string, string]>} */
const STATES = {
  connecting: ["Connecting", "Opening the room."],
  live: ["Live", "Every change of your team appears here at once."],
  catching: ["Catching up", "Reading what happened meanwhile."],
  offline: [
    "Offline",
    "Trying to reconnect. What you change is kept and sent as soon as we are back.",
  ],
  refused: ["Closed", "This page can no longer follow the room."],
};

export class Badge extends Piece {
  static properties = { room: { attribute: false } };

  constructor() {
    super();
    /** @type {Room} */ this.room = given;
  }

  /** @returns {[EventTarget, string?][]} */
  get watched() {
    return [[this.room.live, "state"], [this.room]];
  }

  render() {
    const { state, seq, reason } = this.room.live;
    const [label, meaning] = STATES[state];
    const waiting = this.room.outbox.size;
    const told = `${reason || meaning} Last event: ${number(seq)}.`;
    return html`<span class="badge ${state}" title=${told}>
      <span class="pulse" aria-hidden="true"></span>
      <span class="state">${label}</span>
      ${waiting > 0 ? html`<span class="waiting">${waiting} to send</span>` : nothing}
    </span>`;
  }
}

customElements.define("hr-badge", Badge);
