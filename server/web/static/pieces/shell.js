// @ts-check
/** The frame of the room: brand, places to go, connection, person; and what is open in it. */

import { ENTITIES, byPlural } from "../entities/entity.js";
import { theme, chooseTheme } from "../room/prefs.js";
import { Refusal } from "../../../../clients/js/src/refusal.js";
import { here, to } from "../room/routes.js";
import { html, keyed, nothing } from "../vendor/lit-3.3.3.min.js";
import { avatar, seat } from "./avatar.js";
import { icon } from "./icons.js";
import { Piece, given } from "./piece.js";
import "./badge.js";
import "./company.js";
import "./conflict.js";
import "./drawer.js";
import "./feed.js";
import "./find.js";
import "./move.js";
import "./notices.js";
import "./records.js";
import "./team.js";

/** @import { Room } from "../room/room.js" */

const THEMES = /** @type {const} */ ([
  ["auto", "Like the system"],
  ["light", "Light"],
  ["dark", "Dark"],
]);
const PLACES = [
  ...ENTITIES.map(({ plural, title }) => [plural, title]),
  ["activity", "Activity"],
  ["team", "Team"],
];

export class Shell extends Piece {
  static properties = { room: { attribute: false } };

  constructor() {
    super();
    /** @type {Room} */ this.room = given;
  }

  /** @returns {[EventTarget, string?][]} */
  get watched() {
    return [[window, "hashchange"], [this.room, "members"], [this.room.prefs]];
  }

  connectedCallback() {
    super.connectedCallback();
    // Asked for by a button in the drawer or by dropping a card into a lane.
    this.addEventListener("move", (event) => {
      const { row, to } = /** @type {CustomEvent} */ (event).detail;
      /** @type {any} */ (this.querySelector("hr-move")).show(row, to);
    });
  }

  willUpdate() {
    seat(this.room.members.map(({ name }) => name));
  }

  updated() {
    // On a phone there are more places than fit side by side.
    const place = this.querySelector("nav [aria-current=page]");
    place?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  render() {
    const { page, id } = here();
    const entity = byPlural(page);
    const rail = entity !== undefined && this.room.prefs.get("rail", true);
    const title = PLACES.find(([place]) => place === page)?.[1] ?? "Not found";
    document.title = `${title} · ${this.room.session.team?.name} · Homeroom`;
    return html`
      <a class="skip" href="#main" @click=${this.#skip}>Skip to the content</a>
      ${this.#header(page)}
      <div class="room ${rail ? "with-rail" : ""}">
        <main id="main" tabindex="-1" class=${entity ? "records" : "reading"}>
          ${this.#main(page, id)}
        </main>
        ${
          rail
            ? html`<aside class="rail" aria-label="Activity">
                <hr-feed .room=${this.room}></hr-feed>
              </aside>`
            : nothing
        }
      </div>
      ${
        entity
          ? keyed(
              entity.name,
              html`<hr-drawer .room=${this.room} .entity=${entity} .open=${id}></hr-drawer>
                <hr-move .room=${this.room} .entity=${entity}></hr-move>`,
            )
          : nothing
      }
      <hr-conflict .room=${this.room}></hr-conflict>
      <hr-notices .notices=${this.room.notices}></hr-notices>
    `;
  }

  /** @param {string} page @param {string} id */
  #main(page, id) {
    const entity = byPlural(page);
    if (entity)
      return html`<hr-records .room=${this.room} .entity=${entity} .open=${id}></hr-records>`;
    if (page === "activity") {
      return html`<h1>Activity</h1>
        <hr-feed class="wide" .room=${this.room}></hr-feed>`;
    }
    if (page === "team") return html`<hr-team .room=${this.room}></hr-team>`;
    return html`<h1>There is nothing here</h1>
      <p><a href=${to("escrows")}>Go to the escrows</a></p>`;
  }

  /** @param {string} page */
  #header(page) {
    const { user, team } = this.room.session;
    const name = user?.full_name ?? "";
    return html`<header class="bar">
      <a class="brand" href=${to("escrows")} aria-label="Homeroom">${icon("mark")}<span>Homeroom</span></a>
      <nav aria-label="Main">
        ${PLACES.map(
          ([place, title]) =>
            html`<a href=${to(place)} aria-current=${place === page ? "page" : nothing}>
              ${icon(place)}<span>${title}</span>
            </a>`,
        )}
      </nav>
      <hr-find .room=${this.room}></hr-find>
      <hr-company .room=${this.room}></hr-company>
      <hr-badge .room=${this.room}></hr-badge>
      <button class="person quiet" popovertarget="person">
        ${avatar(name)}<span class="unseen">${name}: account and appearance</span>
      </button>
      <div id="person" class="menu" popover>
        <p class="who">
          <strong>${name}</strong><span>${user?.email}</span
          ><span>${team?.name}, ${team?.role}</span>
        </p>
        <fieldset>
          <legend>Appearance</legend>
          ${THEMES.map(
            ([key, label]) =>
              html`<label class="choice">
                <input
                  type="radio"
                  name="theme"
                  value=${key}
                  .checked=${theme() === key}
                  @change=${() => chooseTheme(key)}
                />
                ${label}
              </label>`,
          )}
        </fieldset>
        <button class="quiet" @click=${() => this.room.session.signOut()}>
          ${icon("leave")}Sign out
        </button>
        <button class="quiet" @click=${() => this.#signOutEverywhere()}>
          ${icon("leave")}Sign out everywhere
        </button>
      </div>
    </header>`;
  }

  async #signOutEverywhere() {
    try {
      await this.room.session.signOutEverywhere();
    } catch (problem) {
      if (!(problem instanceof Refusal)) throw problem;
      this.room.notices.show(`Nobody was signed out. ${problem.message}`, "bad");
    }
  }

  /** @param {Event} event whose own jump would change the hash, and so the page */
  #skip(event) {
    event.preventDefault();
    /** @type {HTMLElement | null} */ (this.querySelector("#main"))?.focus();
  }
}

customElements.define("hr-shell", Shell);
