// @ts-check
/** What happened in the team, newest first: the live stream, and the past as far as one scrolls. */

/** @import { RoomEvent } from "../../../../clients/js/src/types.js" */
/** @import { Session } from "../../../../clients/js/src/session.js" */

const PAGE = 40;
const MOST = 600;

/** Dispatches `change`. */
export class Feed extends EventTarget {
  /** @type {RoomEvent[]} */ items = [];
  whole = false;
  busy = false;
  failed = false;
  /** Counts the fresh starts: an answer asked for before one is of no use after it. */
  #round = 0;
  #session;

  /** @param {Session} session */
  constructor(session) {
    super();
    this.#session = session;
  }

  /** @param {RoomEvent[]} events in order */
  push(events) {
    this.#merge(events);
    // The oldest can be read again; a page open all day must not grow all day.
    if (this.items.length > MOST) {
      this.items.length = MOST;
      this.whole = false;
    }
    this.#changed();
  }

  /** Events may be missing from here on down: read them again. */
  async renew() {
    this.#round += 1;
    this.items = [];
    this.whole = false;
    this.busy = false;
    await this.older();
  }

  async older() {
    if (this.busy || this.whole) return;
    const round = this.#round;
    this.busy = true;
    this.failed = false;
    this.#changed();
    try {
      const query = new URLSearchParams({ limit: `${PAGE}` });
      const oldest = this.items.at(-1)?.s;
      if (oldest !== undefined) query.set("before_seq", `${oldest}`);
      const { data } = await this.#session.ask("GET", `/v1/activity?${query}`);
      if (round !== this.#round) return;
      this.whole = data.length < PAGE;
      this.#merge(data);
    } catch {
      this.failed = round === this.#round;
    } finally {
      if (round === this.#round) this.busy = false;
      this.#changed();
    }
  }

  /** @param {RoomEvent[]} events */
  #merge(events) {
    const known = new Map(this.items.map((event) => [event.s, event]));
    for (const event of events) {
      if (event.k.endsWith(".withdrawn")) forget(known, event.id);
      else if (event.k !== "-" && !known.has(event.s)) known.set(event.s, event);
    }
    this.items = [...known.values()].sort((a, b) => b.s - a.s);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * What is told of a record goes with it.
 * @param {Map<number, RoomEvent>} known
 * @param {string} id
 */
function forget(known, id) {
  for (const event of [...known.values()]) if (event.id === id) known.delete(event.s);
}
