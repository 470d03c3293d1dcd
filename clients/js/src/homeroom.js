// @ts-check
/** A team's room: its records here, kept equal to the server's, and the ways to change them. */

import { drawn } from "./drawn.js";
import { Emitter } from "./emitter.js";
import { Live } from "./live.js";
import { readAll, readKinds } from "./loader.js";
import { Outbox } from "./outbox.js";
import { Presence } from "./presence.js";
import { Store } from "./store.js";
import { memory } from "./storage.js";
import { Views } from "./views.js";

/** @import { Io } from "./line.js" */
/** @import { Kind } from "./loader.js" */
/** @import { Write } from "./outbox.js" */
/** @import { Refusal } from "./refusal.js" */
/** @import { Session } from "./session.js" */
/** @import { Shelf } from "./storage.js" */
/** @import { Surroundings } from "./surroundings.js" */
/** @import { Envelope, RoomEvent, Row } from "./types.js" */

/** @type {readonly (Kind & {start?: Record<string, any>})[]} */
export const KINDS = [
  { name: "escrow", plural: "escrows" },
  { name: "listing", plural: "listings" },
];

/**
 * @typedef {object} Options
 * @property {Session} session somebody who is signed in
 * @property {Io} io socket.io-client's
 * @property {Shelf} [storage] keeps unsent writes; localStorage in a browser, else this process
 * @property {readonly (Kind & {start?: Record<string, any>})[]} [kinds] which records to hold
 * @property {string} [client] what calls itself what; nothing depends on it
 * @property {string} [inst] the tab's or process's name, the same over reconnects and reloads
 * @property {string[]} [transports]
 * @property {Surroundings} [around]
 */

/**
 * Dispatches
 * - `change` when records look different, `loaded` when all of them are here;
 * - `events` {events, live}: each event of the team once, in order; `live` false while catching up;
 * - `state` and `reload` {mode};
 * - `done` {write, answer}, `refused` {write, refusal}, and before it, where a colleague changed the
 *   same field, `conflict` with the same: what was shown is rolled back already;
 * - `unreadable` {problem} when the lists are refused.
 */
export class Homeroom extends Emitter {
  ready = false;
  #kinds;
  /** What is to be here, and of that, what is. @type {Set<Kind>} */ #held;
  /** @type {Set<Kind>} */ #here = new Set();
  #loading = new AbortController();

  /** @param {Options} options */
  constructor({ session, io, storage = memory(), kinds = KINDS, ...means }) {
    super();
    this.session = session;
    this.#kinds = kinds;
    this.#held = new Set(kinds.filter(({ later }) => !later));
    this.store = new Store();
    const sink = {
      apply: (/** @type {RoomEvent[]} */ events, /** @type {boolean} */ live) =>
        this.#apply(events, live),
      reload: (/** @type {"snapshot" | "resync"} */ mode) => this.#reload(mode),
    };
    const events = {
      view: (/** @type {any} */ change) => this.views.hear(change),
      presence: (/** @type {any} */ step) => this.presence.hear(step),
      "presence.digest": (/** @type {any} */ told) => void this.presence.check(told),
    };
    this.live = new Live(session, sink, { ...means, io, events });
    this.outbox = new Outbox(this.live, `${session.user?.id}.${session.team?.id}`, storage);
    this.views = new Views(this.live);
    this.presence = new Presence(this.live);
    this.store.on("change", () => this.tell("change"));
    this.outbox.on("change", () => this.tell("change"));
    this.outbox.on("done", (outcome) => this.#done(outcome));
    this.outbox.on("refused", (outcome) => this.#refused(outcome));
    this.live.on("state", () => this.tell("state", this.live.state));
  }

  /** "connecting", "catching", "live", "offline" or "refused". */
  get state() {
    return this.live.state;
  }

  /** The last event applied. */
  get seq() {
    return this.live.seq;
  }

  /** Resolves when every list has been read; what happens from then on is told. */
  start() {
    this.live.start();
    return this.loaded();
  }

  /** @returns {Promise<this>} */
  loaded() {
    return new Promise((go) => {
      if (this.ready) go(this);
      else this.addEventListener("loaded", () => go(this), { once: true });
    });
  }

  stop() {
    this.#loading.abort();
    this.live.stop();
  }

  /**
   * Hold the records of a kind that was left for later, from now on.
   * @param {string} plural
   */
  async hold(plural) {
    const kind = this.#kind(plural);
    if (this.#held.has(kind)) return;
    this.#held.add(kind);
    await this.loaded();
    if (!this.#here.has(kind)) await this.#read([kind], readKinds);
  }

  /**
   * Whether the records of a kind are here.
   * @param {string} plural
   */
  holds(plural) {
    return this.#here.has(this.#kind(plural));
  }

  /**
   * One record with what is still on its way drawn over it.
   * @param {string} plural
   * @param {string} id
   */
  get(plural, id) {
    const { name, start = {} } = this.#kind(plural);
    return drawn(start, this.store.get(name, id), this.outbox.pending(id));
  }

  /**
   * All records of a kind, new ones that are still to be sent with them.
   * @param {string} plural
   * @returns {Row[]}
   */
  all(plural) {
    const { name, start = {} } = this.#kind(plural);
    const rows = this.store
      .all(name)
      .map((row) => drawn(start, row, this.outbox.pending(row.id)))
      .filter((row) => row !== undefined);
    for (const write of this.outbox.newcomers()) {
      if (write.entity !== name) continue;
      const row = drawn(start, undefined, this.outbox.pending(write.id));
      if (row) rows.push(row);
    }
    return rows;
  }

  /**
   * Shown at once, sent now or as soon as there is a line; resolves with the record as the server
   * has it, rejects with the Refusal after which it looks as before.
   * @param {string} plural
   * @param {string} verb
   * @param {Partial<Write>} write
   */
  send(plural, verb, write) {
    return this.outbox.add({ entity: this.#kind(plural).name, plural, verb, ...write });
  }

  /**
   * @param {string} plural
   * @param {Record<string, any>} body
   */
  create(plural, body) {
    return this.send(plural, "create", { body });
  }

  /**
   * Based on the version shown here: others' changes of other fields stay, of the same conflict.
   * @param {string} plural
   * @param {string} id
   * @param {Record<string, any>} body
   */
  update(plural, id, body) {
    return this.send(plural, "update", { id, version: this.#version(plural, id), body });
  }

  /**
   * @param {string} plural
   * @param {string} id
   */
  remove(plural, id) {
    return this.send(plural, "delete", { id, version: this.#version(plural, id) });
  }

  /**
   * Any command of docs/protocol.md; not kept while there is no line.
   * @param {string} name
   * @param {object} [payload]
   */
  call(name, payload = {}) {
    return this.live.call(name, payload);
  }

  /**
   * A list that stays right by itself; see View.
   * @param {string} plural
   * @param {Record<string, any>} [params] as the list's query
   */
  view(plural, params) {
    return this.views.open(`${plural}:list`, params);
  }

  /**
   * Read one record as it is now.
   * @param {string} plural
   * @param {string} id
   * @returns {Promise<Row>}
   */
  async read(plural, id) {
    const path = `/v1/${plural}/${encodeURIComponent(id)}`;
    const { data, meta } = await this.session.ask("GET", path, { minSeq: this.seq });
    this.store.pour(this.#kind(plural).name, [data], meta?.as_of_seq);
    return data;
  }

  /** @param {string} plural */
  #kind(plural) {
    const kind = this.#kinds.find((one) => one.plural === plural);
    if (!kind) throw new TypeError(`There are no ${plural} here`);
    return kind;
  }

  /**
   * @param {string} plural
   * @param {string} id
   */
  #version(plural, id) {
    return this.store.get(this.#kind(plural).name, id)?.version;
  }

  /**
   * @param {RoomEvent[]} events
   * @param {boolean} live
   */
  #apply(events, live) {
    for (const event of events) {
      const missing = this.store.apply(event);
      const kind = this.#kinds.find(({ name }) => name === event.e);
      if (missing && kind && this.#held.has(kind)) void this.read(kind.plural, event.id).catch(() => undefined);
      if (event.k === "role.changed" && event.id === this.session.user?.id) void this.#promoted();
    }
    this.tell("events", { events, live });
  }

  /** With another role other records may be seen; what we may do is told with a fresh token. */
  async #promoted() {
    await this.session.renew().catch(() => undefined);
    this.tell("change");
    await this.live.reread();
  }

  /** @param {"snapshot" | "resync"} mode */
  async #reload(mode) {
    this.#loading.abort();
    this.#loading = new AbortController();
    if (mode === "resync") this.store.clear();
    this.tell("reload", { mode });
    if (await this.#read([...this.#held], readAll)) this.tell("loaded");
  }

  /**
   * @param {readonly Kind[]} kinds
   * @param {typeof readAll} reading
   * @returns {Promise<boolean>} whether they are here, and nothing began it anew
   */
  async #read(kinds, reading) {
    const { signal } = this.#loading;
    try {
      await reading(this.session, this.store, kinds, { minSeq: this.seq, signal }, () => {
        for (const kind of kinds) this.#here.add(kind);
        this.ready = true;
        this.tell("change");
      });
      return true;
    } catch (problem) {
      if (!signal.aborted) this.tell("unreadable", { problem });
      return false;
    }
  }

  /** @param {{write: Write, answer: Envelope}} outcome */
  #done({ write, answer }) {
    const { data, meta } = answer;
    if (write.verb === "delete") {
      const ver = data?.version ?? (write.version ?? 0) + 1;
      this.store.apply(
        /** @type {any} */ ({ e: write.entity, id: write.id, ver, k: `${write.entity}.deleted` }),
      );
    } else if (data?.id) {
      this.store.pour(write.entity, [data], meta?.seq ?? undefined);
    }
    this.tell("done", { write, answer });
  }

  /** @param {{write: Write, refusal: Refusal}} outcome */
  #refused(outcome) {
    if (outcome.refusal.code === "VERSION_CONFLICT") this.tell("conflict", outcome);
    this.tell("refused", outcome);
  }
}
