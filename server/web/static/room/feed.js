// @ts-check
/**
 * What happened in the team, newest first, as the server says it: the newest page is a live view,
 * and the past is read as far as one scrolls.
 */

/** @import { Row } from "../../../../clients/js/src/types.js" */
/** @import { Session } from "../../../../clients/js/src/session.js" */
/** @import { View, Views } from "../../../../clients/js/src/views.js" */

/**
 * @typedef {{kind: "who" | "whose" | "text" | "record" | "old" | "new", text: string}} Piece
 * @typedef {{id: string, count: number, records: number, first_seq: number, last_seq: number}} Group
 *
 * @typedef {object} Entry
 * @property {number} s place in the team's sequence
 * @property {string} at
 * @property {string} k
 * @property {string} e
 * @property {string} id
 * @property {{id: string, name: string} | null} a who
 * @property {string | null} op
 * @property {string} sentence
 * @property {Piece[]} pieces
 * @property {Group | null} group where many are one entry, of which this is the newest
 */

const PAGE = 40;
const LARGEST = 200;
const MOST = 600;

/** Dispatches `change`, and `news` {entries} of what others did just now. */
export class Feed extends EventTarget {
  busy = true;
  failed = false;
  /** The entries of the groups that are unfolded. @type {Map<string, Entry[]>} */ inside = new Map();
  /** Further back there is nothing. */
  whole = false;
  /** What stands before the live page, newest first. @type {Entry[]} */ #earlier = [];
  /** The live page as it was drawn last. @type {Entry[]} */ #page = [];
  /** Counts the fresh starts: an answer asked for before one is of no use after it. */
  #round = 0;
  #begun = false;
  #session;
  #views;

  /** @param {Session} session @param {Views} views */
  constructor(session, views) {
    super();
    this.#session = session;
    this.#views = views;
  }

  /** @returns {Entry[]} */
  get items() {
    return [...this.#page, ...this.#earlier];
  }

  async start() {
    try {
      const view = await this.#views.open("activity:list", { grouped: true, limit: PAGE });
      view.on("change", ({ changes }) => this.#moved(view, changes));
      view.on("refused", () => this.#lost());
      this.#moved(view, []);
    } catch {
      this.#lost();
    }
  }

  /** Some of what was read may not be for us any more, or not be all: read it again, as far. */
  renew() {
    if (!this.#begun) return;
    const count = Math.min(this.#earlier.length, LARGEST);
    const unfolded = [...this.inside.keys()];
    this.#round += 1;
    this.inside.clear();
    this.#earlier = [];
    this.busy = false;
    this.whole = this.#page.length < PAGE;
    for (const group of unfolded) void this.unfold(group);
    if (count > 0) void this.older(count);
    else this.#changed();
  }

  /** Show the entries of a group, one by one. @param {string} group */
  async unfold(group) {
    const round = this.#round;
    try {
      const query = new URLSearchParams({ group, limit: `${LARGEST}` });
      const { data } = await this.#session.ask("GET", `/v1/activity?${query}`);
      if (round !== this.#round) return;
      this.inside.set(group, data);
      this.failed = false;
    } catch {
      this.failed = true;
    }
    this.#changed();
  }

  /** @param {string} group */
  fold(group) {
    this.inside.delete(group);
    this.#changed();
  }

  /** @param {number} [count] */
  async older(count = PAGE) {
    const last = this.items.at(-1);
    if (this.busy || this.whole || !last) return;
    const round = this.#round;
    this.busy = true;
    this.failed = false;
    this.#changed();
    try {
      const query = new URLSearchParams({
        grouped: "true",
        limit: `${count}`,
        before_seq: `${last.s}`,
      });
      const { data } = await this.#session.ask("GET", `/v1/activity?${query}`);
      if (round !== this.#round) return;
      this.whole = data.length < count;
      this.#earlier.push(...data);
    } catch {
      this.failed = round === this.#round;
    } finally {
      if (round === this.#round) this.busy = false;
      this.#changed();
    }
  }

  /**
   * @param {View} view
   * @param {readonly any[]} changes none where it was read anew
   */
  #moved(view, changes) {
    const before = this.#page;
    this.#begun = true;
    this.#page = /** @type {any} */ (view.rows);
    if (changes.length === 0) return this.renew();
    const oldest = this.#page.length < PAGE ? 0 : (this.#page.at(-1)?.s ?? 0);
    const pushed = before.filter(({ s }) => s < oldest);
    const earlier = [...pushed, ...this.#earlier].filter((entry) => !this.#page.some(holds(entry)));
    // The oldest can be read again; a page open all day must not grow all day.
    if (earlier.length > MOST) this.whole = false;
    this.#earlier = earlier.slice(0, MOST);
    for (const { group } of this.#page)
      if (group && this.inside.has(group.id) && grew(group, before)) void this.unfold(group.id);
    const newest = before[0]?.s ?? 0;
    const entries = this.#page.filter(({ s }) => s > newest);
    this.#changed();
    if (entries.length > 0) this.dispatchEvent(new CustomEvent("news", { detail: { entries } }));
  }

  #lost() {
    this.#page = [];
    this.#earlier = [];
    this.busy = false;
    this.failed = true;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * Whether an entry of the live page is this one, or has come to stand for it.
 * @param {Entry} entry
 * @returns {(live: Entry) => boolean}
 */
const holds = (entry) => (live) => {
  if (live.s === entry.s) return true;
  if (!live.group) return false;
  if (entry.group) return entry.group.id === live.group.id;
  const { first_seq: first, last_seq: last } = live.group;
  const alike = entry.k === live.k || (entry.op !== null && entry.op === live.op);
  return alike && entry.a?.id === live.a?.id && first <= entry.s && entry.s <= last;
};

/** @param {Group} group @param {readonly Entry[]} before */
const grew = ({ id, count, last_seq: last }, before) =>
  !before.some(
    ({ group }) => group?.id === id && group.count === count && group.last_seq === last,
  );
