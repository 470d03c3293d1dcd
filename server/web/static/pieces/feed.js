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
/** @import { RoomEvent } from "../../../../clients/js/src/types.js" */

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
    const stories = grouped(feed.items);
    const empty = feed.items.length === 0 && feed.whole;
    const days = Map.groupBy(stories, ([event]) => dayName(event.at));
    return html`<h2 class="feed-title">Activity</h2>
      ${[...days].map(
        ([day, these]) =>
          html`<section aria-label=${day}>
            <h3>${day}</h3>
            <ol class="feed">
              ${repeat(
                these,
                ([event]) => event.s,
                (events) => this.#item(events),
              )}
            </ol>
          </section>`,
      )}
      ${feed.failed ? html`<p class="empty">The past could not be read.</p>` : nothing}
      ${empty ? html`<p class="empty">Nothing has happened yet.</p>` : nothing}
      ${
        feed.whole
          ? nothing
          : html`<button class="quiet more" ?disabled=${feed.busy} @click=${() => feed.older()}>
              ${feed.busy ? "Loading…" : "Show earlier"}
            </button>`
      }`;
  }

  /** @param {RoomEvent[]} events of one operation */
  #item(events) {
    const [event] = events;
    const entity = byName(event.e);
    const href = entity && !event.k.endsWith(".deleted") ? to(entity.plural, event.id) : "";
    const others = events.length - 1;
    const fresh = Date.now() - new Date(event.at).getTime() < FRESH_MS;
    return html`<li class=${fresh ? "fresh" : ""}>
      ${avatar(event.a?.name ?? "")}
      <p>
        ${story(this.room.sentence(event), href)}${others > 0 ? ` and ${others} more` : ""}
        <time datetime=${event.at} title="${fullDate(event.at)}, ${clock(event.at)}"
          >${ago(event.at)}</time
        >
      </p>
    </li>`;
  }
}

/**
 * What one operation did to many records is one story.
 * @param {readonly RoomEvent[]} items newest first
 */
function grouped(items) {
  /** @type {RoomEvent[][]} */ const stories = [];
  for (const event of items) {
    const last = stories.at(-1);
    const same =
      last && (event.n ?? 1) > 1 && event.op && last[0].op === event.op && last[0].k === event.k;
    if (same) last.push(event);
    else stories.push([event]);
  }
  return stories;
}

customElements.define("hr-feed", FeedList);
