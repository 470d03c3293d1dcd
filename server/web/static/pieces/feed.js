// @ts-check
/** The activity of the team, newest first, a day at a time. */

import { byName } from "../entities/entity.js";
import { ago, dayName, fullDate, clock } from "../entities/format.js";
import { to } from "../room/routes.js";
import { html, nothing, repeat } from "../vendor/lit-3.3.3.min.js";
import { avatar } from "./avatar.js";
import { Piece, TICK_MS, given } from "./piece.js";
import { story } from "./story.js";

/** @import { Room } from "../room/room.js" */
/** @import { Entry, Group } from "../room/feed.js" */

const FRESH_MS = 5_000;

export class FeedList extends Piece {
  static properties = { room: { attribute: false } };
  /** @type {ReturnType<typeof setInterval> | undefined} */ #clock;

  constructor() {
    super();
    /** @type {Room} */ this.room = given;
  }

  /** @returns {[EventTarget, string?][]} */
  get watched() {
    return [[this.room.feed], [this.room]];
  }

  connectedCallback() {
    super.connectedCallback();
    this.#clock = setInterval(() => this.requestUpdate(), TICK_MS);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.#clock);
  }

  render() {
    const { feed } = this.room;
    const { items } = feed;
    const empty = items.length === 0 && feed.whole;
    const days = Map.groupBy(items, ({ at }) => dayName(at));
    return html`<h2 class="feed-title">Activity</h2>
      ${[...days].map(
        ([day, these]) =>
          html`<section aria-label=${day}>
            <h3>${day}</h3>
            <ol class="feed">
              ${repeat(
                these,
                ({ s, group }) => group?.id ?? s,
                (entry) => this.#item(entry),
              )}
            </ol>
          </section>`,
      )}
      ${feed.failed ? html`<p class="empty">The past could not be read.</p>` : nothing}
      ${empty ? html`<p class="empty">Nothing has happened yet.</p>` : nothing}
      ${
        feed.whole || (items.length === 0 && feed.failed)
          ? nothing
          : html`<button class="quiet more" ?disabled=${feed.busy} @click=${() => feed.older()}>
              ${feed.busy ? "Loading…" : "Show earlier"}
            </button>`
      }`;
  }

  /** @param {Entry} entry of several, as the server puts them together, or of one @returns {any} */
  #item(entry) {
    const entity = byName(entry.e);
    const one = !entry.group || entry.group.records === 1;
    const href = entity && one && !entry.k.endsWith(".deleted") ? to(entity.plural, entry.id) : "";
    const fresh = Date.now() - new Date(entry.at).getTime() < FRESH_MS;
    return html`<li class=${fresh ? "fresh" : ""}>
      ${avatar(entry.a?.name ?? "")}
      <p>
        ${story(entry, this.room.me, href)}
        <time datetime=${entry.at} title="${fullDate(entry.at)}, ${clock(entry.at)}"
          >${ago(entry.at)}</time
        >
      </p>
      ${entry.group ? this.#inside(entry.group) : nothing}
    </li>`;
  }

  /** @param {Group} group */
  #inside({ id, count }) {
    const { feed } = this.room;
    const inside = feed.inside.get(id);
    const turn = () => (inside ? feed.fold(id) : void feed.unfold(id));
    return html`<div class="inside">
      <button class="quiet" aria-expanded=${inside !== undefined} @click=${turn}>
        ${inside ? "Show less" : `Show all ${count}`}
      </button>
      ${
        inside
          ? html`<ol>
              ${repeat(
                inside,
                ({ s }) => s,
                (entry) => this.#item(entry),
              )}
            </ol>`
          : nothing
      }
    </div>`;
  }
}

customElements.define("hr-feed", FeedList);
