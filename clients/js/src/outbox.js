// @ts-check
/** Writes on their way: shown at once, sent in order, kept over reloads until answered. */

import { Emitter } from "./emitter.js";
import { newId } from "./ids.js";
import { Refusal } from "./refusal.js";
import { keysUnder } from "./storage.js";

/** @import { Envelope, Row } from "./types.js" */
/** @import { Shelf } from "./storage.js" */

const RETRY_MS = 1_500;
const MOST_SENDING = 8; // at once: what was typed in an hour shall not all leave in one tick

/**
 * @typedef {object} Write
 * @property {string} op its idempotency key: sent twice, done once
 * @property {string} entity
 * @property {string} plural
 * @property {string} verb
 * @property {string} id of the record; the op itself for one that does not exist yet
 * @property {number} [version] the version it was based on
 * @property {Record<string, any>} [body]
 * @property {Record<string, any>} [shows] how the record looks with it, until the server says
 * @property {string} at
 * @property {boolean} [quiet] whoever asked for it says itself why it was refused
 * @property {boolean} [tried] it may have reached the server, so it must not change any more
 *
 * @typedef {object} Caller
 * @property {(row: Row) => void} resolve
 * @property {(problem: Refusal) => void} reject
 *
 * @typedef {object} Wire what sends; a Live is one
 * @property {boolean} connected
 * @property {(name: string, payload: object) => Promise<Envelope>} call
 * @property {(name: string, listener: () => void) => unknown} on told `ready` when it may be used
 */

/** Dispatches `change`, `done` {write, answer} and `refused` {write, refusal}. */
export class Outbox extends Emitter {
  /** @type {Map<string, Write[]>} */ #waiting = new Map();
  /** @type {Set<string>} */ #sending = new Set();
  /** @type {Map<string, Caller>} */ #callers = new Map();
  #rest = 0;
  #wire;
  #shelf;
  #prefix;

  /**
   * @param {Wire} wire
   * @param {string} owner whose writes these are; another person at this browser has others
   * @param {Shelf} shelf
   */
  constructor(wire, owner, shelf) {
    super();
    this.#wire = wire;
    this.#shelf = shelf;
    this.#prefix = `homeroom.outbox.${owner}.`;
    for (const write of this.#kept()) this.#line(write.id).push(write);
    wire.on("ready", () => this.#sendAll());
  }

  get size() {
    let size = 0;
    for (const line of this.#waiting.values()) size += line.length;
    return size;
  }

  /** @param {string} id */
  pending(id) {
    return this.#waiting.get(id) ?? [];
  }

  /** Records that exist only here so far. */
  *newcomers() {
    for (const [write] of this.#waiting.values()) if (write?.verb === "create") yield write;
  }

  /**
   * Resolves with the record as the server now has it.
   * @param {Pick<Write, "entity" | "plural" | "verb"> & Partial<Write>} write
   * @returns {Promise<Row>}
   */
  add(write) {
    const op = newId();
    const line = this.#line(write.id ?? op);
    const last = line.at(-1);
    if (last && joins(last, write)) {
      // Edited twice before it could leave: one write, on the version the first was based on.
      last.body = { ...last.body, ...write.body };
      this.#keep(last);
      this.#changed();
      return this.#wait(last.op);
    }
    const whole = /** @type {Write} */ ({ id: op, at: new Date().toISOString(), ...write, op });
    line.push(whole);
    this.#keep(whole);
    this.#changed();
    const answer = this.#wait(op);
    void this.#send(whole.id);
    return answer;
  }

  #sendAll() {
    for (const id of [...this.#waiting.keys()]) void this.#send(id);
  }

  /** @param {string} id */
  async #send(id) {
    const write = this.#waiting.get(id)?.[0];
    if (!write || this.#sending.has(id) || !this.#wire.connected) return;
    if (this.#sending.size >= MOST_SENDING || Date.now() < this.#rest) return;
    this.#sending.add(id);
    write.tried = true;
    this.#keep(write);
    const { op, plural, verb, version, body } = write;
    const target = verb === "create" ? {} : { id };
    try {
      const answer = await this.#wire.call(`${plural}:${verb}`, { op, ...target, version, body });
      this.#settle(write);
      this.#rebase(id, answer);
      this.tell("done", { write, answer });
      this.#callers.get(op)?.resolve(answer.data);
    } catch (problem) {
      const refusal =
        problem instanceof Refusal ? problem : new Refusal("INTERNAL", String(problem));
      if (refusal.passes) {
        // Nobody knows whether it was done. The op makes asking again safe.
        this.#again(refusal);
        return;
      }
      this.#settle(write);
      this.tell("refused", { write, refusal });
      this.#callers.get(op)?.reject(refusal);
    } finally {
      this.#sending.delete(id);
    }
    this.#callers.delete(op);
    this.#sendAll();
  }

  /** @param {Refusal} refusal */
  #again({ code, retryMs }) {
    const wait = retryMs || RETRY_MS;
    // One that came too fast says so of all: those behind it wait with it.
    if (code === "RATE_LIMITED") this.#rest = Math.max(this.#rest, Date.now() + wait);
    if (this.#wire.connected) setTimeout(() => this.#sendAll(), wait);
  }

  /**
   * What waits behind an answered write was typed on top of it, so it is based on the new version;
   * unless somebody else changed the very same field, which must not be overwritten unseen.
   * @param {string} id
   * @param {Envelope} answer
   */
  #rebase(id, { data, meta }) {
    if (data?.id !== id) return;
    const others = new Set(meta?.merged ?? []);
    for (const write of this.pending(id)) {
      if (write.tried || write.version === undefined) continue;
      if (Object.keys(write.body ?? {}).some((field) => others.has(field))) continue;
      write.version = data.version;
      this.#keep(write);
    }
  }

  /** @param {Write} write */
  #settle(write) {
    const line = this.#line(write.id).filter(({ op }) => op !== write.op);
    if (line.length > 0) this.#waiting.set(write.id, line);
    else this.#waiting.delete(write.id);
    this.#shelf.removeItem(this.#prefix + write.op);
    this.#changed();
  }

  /** @param {string} op @returns {Promise<Row>} */
  #wait(op) {
    const before = this.#callers.get(op);
    return new Promise((resolve, reject) => {
      this.#callers.set(op, {
        resolve: (row) => (before?.resolve(row), resolve(row)),
        reject: (problem) => (before?.reject(problem), reject(problem)),
      });
    });
  }

  /** @param {string} id */
  #line(id) {
    let line = this.#waiting.get(id);
    if (!line) this.#waiting.set(id, (line = []));
    return line;
  }

  /** @param {Write} write */
  #keep(write) {
    // One key each, so that two tabs never overwrite each other's.
    this.#shelf.setItem(this.#prefix + write.op, JSON.stringify(write));
  }

  /** @returns {Write[]} */
  #kept() {
    return keysUnder(this.#shelf, this.#prefix)
      .map((key) => JSON.parse(this.#shelf.getItem(key) ?? "null"))
      .filter((write) => write !== null)
      .sort((a, b) => a.at.localeCompare(b.at));
  }

  #changed() {
    this.tell("change");
  }
}

/**
 * @param {Write} last
 * @param {Partial<Write>} next
 */
function joins(last, next) {
  return !last.tried && last.verb === "update" && next.verb === "update";
}
