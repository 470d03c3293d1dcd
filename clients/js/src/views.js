// @ts-check
/** Lists that the server keeps up to date: opened by a query, moved row by row. */

import { Emitter } from "./emitter.js";
import { newId } from "./ids.js";
import { Refusal } from "./refusal.js";

/** @import { Live } from "./live.js" */
/** @import { Row } from "./types.js" */

const RETRY_MS = 1_000;

/**
 * @typedef {{k: "row.enter" | "row.change", id: string, index: number, d: Row}} Placed
 * @typedef {{k: "row.leave", id: string}} Left
 * @typedef {{k: "stats.delta", stats: Record<string, [any, any]>}} Counted
 *
 * @typedef {object} Change
 * @property {string} view
 * @property {number} s
 * @property {number} total
 * @property {(Placed | Left | Counted)[]} changes
 * @property {any} [pagination]
 * @property {{code: string, message: string}} [closed] it may not be read any more
 */

/** Dispatches `change` {changes}, and `refused` {refusal} when it may not, or no more, be read. */
export class View extends Emitter {
  /** @type {Row[]} */ rows = [];
  /** What each row is known by, in the same order. @type {string[]} */ ids = [];
  total = 0;
  /** @type {Record<string, any>} */ stats = {};
  /** @type {any} */ pagination = null;
  /** The event up to which it is right. */
  seq = 0;
  /** It is what the server has; false before it is opened and while the line is lost. */
  current = false;
  id = newId();
  #close;
  /** @type {Change[]} What came with the answer, before whoever asked could take that in. */ #early = [];

  /**
   * @param {string} list the list's command, "escrows:list"
   * @param {Record<string, any>} params
   * @param {(view: View) => void} close
   */
  constructor(list, params, close) {
    super();
    this.list = list;
    this.params = params;
    this.#close = close;
  }

  close() {
    this.#close(this);
  }

  /** @param {{s: number, ids?: string[], rows: Row[], total: number, stats?: any, pagination?: any}} answer */
  begin({ s, rows, ids = rows.map(({ id }) => id), total, stats, pagination }) {
    this.rows = rows;
    this.ids = ids;
    this.pagination = pagination;
    this.total = total;
    this.stats = stats ?? {};
    this.seq = s;
    this.current = true;
    this.tell("change", { changes: [] });
    for (const change of this.#early.splice(0)) this.take(change);
  }

  /** @param {Change} change */
  take(change) {
    if (!this.current) {
      this.#early.push(change);
      return;
    }
    const { s, total, changes, pagination = this.pagination } = change;
    const moved = new Set(changes.flatMap((one) => ("id" in one ? [one.id] : [])));
    const rows = this.rows.filter((_, place) => !moved.has(this.ids[place]));
    const ids = this.ids.filter((id) => !moved.has(id));
    for (const one of changes) {
      if (one.k === "row.enter" || one.k === "row.change") {
        rows.splice(one.index, 0, one.d);
        ids.splice(one.index, 0, one.id);
      }
      if (one.k === "stats.delta")
        for (const [name, [, value]] of Object.entries(one.stats)) this.stats[name] = value;
    }
    this.rows = rows;
    this.ids = ids;
    this.total = total;
    this.pagination = pagination;
    this.seq = s;
    this.tell("change", { changes });
  }

  lose() {
    this.current = false;
    this.#early = [];
  }
}

/** Opens views, and opens them again after each hello: they live as long as a connection. */
export class Views {
  /** @type {Map<string, View>} */ #open = new Map();
  #live;

  /** @param {Live} live */
  constructor(live) {
    this.#live = live;
    live.on("ready", () => {
      for (const view of this.#open.values()) {
        view.lose();
        void this.#ask(view);
      }
    });
  }

  /** What the server's `view` events go to. @param {Change} change */
  hear(change) {
    const view = this.#open.get(change.view);
    if (change.closed) this.#end(view, new Refusal(change.closed.code, change.closed.message));
    else view?.take(change);
  }

  /**
   * Resolves with the first rows; a Refusal where the query is not one.
   * @param {string} list
   * @param {Record<string, any>} [params]
   * @returns {Promise<View>}
   */
  open(list, params = {}) {
    const view = new View(list, params, (one) => this.#forget(one));
    this.#open.set(view.id, view);
    return new Promise((resolve, reject) => {
      const ends = [
        view.on("change", () => (ends.forEach((end) => end()), resolve(view))),
        view.on("refused", ({ refusal }) => (ends.forEach((end) => end()), reject(refusal))),
      ];
      if (this.#live.connected) void this.#ask(view);
    });
  }

  /** @param {View} view */
  async #ask(view) {
    const { id, list, params } = view;
    try {
      const { data } = await this.#live.call("view:open", { view: id, list, params });
      if (this.#open.has(id)) view.begin(data);
    } catch (problem) {
      if (!(problem instanceof Refusal) || !problem.passes) {
        this.#end(view, problem);
      } else if (this.#live.connected) {
        setTimeout(() => this.#open.has(id) && this.#ask(view), problem.retryMs || RETRY_MS);
      }
    }
  }

  /**
   * @param {View | undefined} view
   * @param {unknown} refusal
   */
  #end(view, refusal) {
    if (!view) return;
    this.#open.delete(view.id);
    view.rows = [];
    view.ids = [];
    view.lose();
    view.tell("refused", { refusal });
  }

  /** @param {View} view */
  #forget({ id }) {
    this.#open.delete(id);
    // Without a line there is nothing to close: a view does not outlive its connection.
    if (this.#live.connected) void this.#live.call("view:close", { view: id }).catch(() => undefined);
  }
}
