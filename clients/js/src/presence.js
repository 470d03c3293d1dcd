// @ts-check
/** Who else is here, and what they look at: told in steps, checked by a digest. */

import { Emitter } from "./emitter.js";

/** @import { Live } from "./live.js" */

/**
 * @typedef {object} Here one connection of somebody
 * @property {string} conn
 * @property {{id: string, name: string}} user
 * @property {string} state "viewing", "editing", "idle" or "online"
 * @property {string} [record] "listing:<id>"
 * @property {string} [field]
 * @property {string} [since]
 * @property {string} [inst]
 *
 * @typedef {object} Step
 * @property {number} pv
 * @property {string} run
 * @property {number} n
 * @property {boolean} [full]
 * @property {boolean} [large]
 * @property {boolean} [partial]
 * @property {Here[]} [join]
 * @property {Here[]} [upd]
 * @property {string[]} [leave]
 *
 * @typedef {{state: string, record?: string, field?: string}} Doing
 */

/** Dispatches `change`. */
export class Presence extends Emitter {
  /** By connection. @type {Map<string, Here>} */ here = new Map();
  /** How many connections there are; in a `large` team more than `here` holds. */
  count = 0;
  large = false;
  /** The servers do not hear of each other just now. */
  partial = false;
  #live;
  #version = 0;
  #run = "";
  /** @type {Doing | null} */ #doing = null;
  #asking = false;

  /** @param {Live} live */
  constructor(live) {
    super();
    this.#live = live;
    live.on("ready", () => {
      if (this.#doing) void this.set(this.#doing).catch(() => undefined);
    });
  }

  /** Who looks at a record, this connection left out. @param {string} record */
  of(record) {
    const own = this.#live.hello?.presence?.conn;
    return [...this.here.values()].filter((one) => one.record === record && one.conn !== own);
  }

  /**
   * Say what is being done here; said again by itself after a lost line. Who edits says so again
   * every ten seconds while typing: the answer's `lease` tells who was first at the field, and stops
   * nobody.
   * @param {Doing} doing
   * @returns {Promise<any>}
   */
  async set(doing) {
    this.#doing = doing;
    return (await this.#live.call("presence:set", doing)).data;
  }

  /** Ask for everybody. */
  async read() {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const { data } = await this.#live.call("presence:get", {});
      this.#replace({ ...data, join: data.here });
    } catch {
      // Asked again by the next hello, step or digest that does not fit.
    } finally {
      this.#asking = false;
    }
  }

  /** What the server's `presence` events go to. @param {Step} step */
  hear(step) {
    const { pv, run, full, join = [], upd = [], leave = [] } = step;
    if (full) return this.#replace(step);
    if (run !== this.#run) return void this.read();
    if (pv < this.#version) return; // numbers may be left out, and come again: not all is counted
    for (const one of [...join, ...upd]) this.here.set(one.conn, one);
    for (const conn of leave) this.here.delete(conn);
    this.#sum(step);
  }

  /** What the server's `presence.digest` goes to. @param {{pv: number, run: string, digest: string}} told */
  async check({ pv, run, digest }) {
    if (run !== this.#run) return this.read();
    const version = this.#version;
    if (pv < version) return;
    const ours = await digestOf(this.here.values());
    // Where the browser computes none (plain HTTP), what was told must do.
    if (ours !== null && version === this.#version && ours !== digest) await this.read();
  }

  /** @param {Step} step */
  #replace(step) {
    this.here = new Map((step.join ?? []).map((one) => [one.conn, one]));
    this.#run = step.run;
    this.#sum(step);
  }

  /** @param {Step} step */
  #sum({ pv, n, large = false, partial = false }) {
    this.#version = pv;
    this.count = n;
    this.large = large;
    this.partial = partial;
    this.tell("change");
  }
}

/**
 * The digest of docs/protocol.md, or null where there is no crypto.subtle.
 * @param {Iterable<Here>} here
 */
export async function digestOf(here) {
  if (!globalThis.crypto?.subtle) return null;
  const lines = [...here].map(
    ({ conn, state, record = "", field = "" }) => `${conn} ${state} ${record ?? ""} ${field ?? ""}`,
  );
  const text = lines.sort().join("\n");
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const hex = Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0"));
  return hex.join("").slice(0, 16);
}
