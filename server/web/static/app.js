// @ts-check
/** The page: signed out or in a room. */

import { Room } from "./room/room.js";
import { Session } from "../../../clients/js/src/session.js";
import { Refusal } from "../../../clients/js/src/refusal.js";
import { here } from "./room/routes.js";
import { html, keyed } from "./vendor/lit-3.3.3.min.js";
import { Piece } from "./pieces/piece.js";
import "./pieces/shell.js";
import "./pieces/sign-in.js";

const RETRY_MS = 2_000;

class App extends Piece {
  static properties = {
    room: { state: true },
    waiting: { state: true },
    farewell: { state: true },
  };
  #session = new Session({ storage: localStorage });

  constructor() {
    super();
    /** @type {Room | null} */ this.room = null;
    this.waiting = this.#session.remembered ? "Opening your team’s room…" : "";
    this.#session.addEventListener("started", () => this.#enter());
    this.farewell = "";
    this.#session.addEventListener("ended", (event) =>
      this.#leave(/** @type {CustomEvent} */ (event).detail),
    );
    addEventListener("hashchange", () => this.requestUpdate());
    if (this.#session.remembered) void this.#comeBack();
  }

  render() {
    if (here().page === "join" || (!this.room && !this.waiting)) {
      return html`<hr-sign-in .session=${this.#session} .farewell=${this.farewell}></hr-sign-in>`;
    }
    if (!this.room)
      return html`<main class="door" id="main">
        <p class="lead" role="status">${this.waiting}</p>
      </main>`;
    return keyed(this.room, html`<hr-shell .room=${this.room}></hr-shell>`);
  }

  async #comeBack() {
    try {
      await this.#session.resume();
    } catch (problem) {
      if (!(problem instanceof Refusal) || !problem.passes) return void (this.waiting = "");
      this.waiting = "The server cannot be reached. Trying again…";
      setTimeout(() => this.#comeBack(), RETRY_MS * (0.5 + Math.random()));
    }
  }

  #enter() {
    this.room?.stop();
    this.room = new Room(this.#session);
    this.room.start();
    this.waiting = "";
    this.farewell = "";
  }

  /** @param {string} why */
  #leave(why) {
    this.farewell = why;
    this.room?.stop();
    this.room = null;
    this.waiting = "";
  }
}

customElements.define("hr-app", App);
