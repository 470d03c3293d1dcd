// @ts-check
/** The team's records here: pages and events poured in any order, the newest version wins. */

import { Emitter } from "./emitter.js";

/** @import { RoomEvent, Row } from "./types.js" */

/** Dispatches `change` with the set of ids that changed. */
export class Store extends Emitter {
  /** @type {Map<string, Map<string, Row>>} */ #shelves = new Map();
  /** The version each deleted record went with, so that an older page cannot bring it back.
   * @type {Map<string, number>} */ #gone = new Map();
  /** The event by which each record went out of our sight: what was read before it is no news.
   * @type {Map<string, number>} */ #hidden = new Map();
  /** @type {Map<string, number>} */ #poured = new Map();
  /** @type {Map<string, Row[]>} */ #lists = new Map();
  #epoch = 0;

  /**
   * @param {string} entity
   * @param {string} id
   */
  get(entity, id) {
    return this.#shelf(entity).get(id);
  }

  /**
   * Every record of a kind; the same array until one of them changes.
   * @param {string} entity
   */
  all(entity) {
    let list = this.#lists.get(entity);
    if (!list) this.#lists.set(entity, (list = [...this.#shelf(entity).values()]));
    return list;
  }

  /**
   * @param {string} entity
   * @param {Row[]} rows
   * @param {number} [asOf] the last event that whoever read them had seen
   */
  pour(entity, rows, asOf = Infinity) {
    const shown = rows.filter(({ id }) => asOf > (this.#hidden.get(id) ?? 0));
    const changed = shown.filter((row) => this.#put(entity, row)).map(({ id }) => id);
    if (changed.length > 0) this.#tell(entity, changed);
  }

  /** Apply one event; true when it needs the record fetched because it came without it.
   * @param {RoomEvent} event */
  apply({ s, e, id, ver, k, d, ref }) {
    if (!id || k === "-") return false;
    if (k.endsWith(".deleted")) {
      this.#gone.set(id, ver);
      this.#drop(e, id);
    } else if (k.endsWith(".withdrawn")) {
      this.#hidden.set(id, s);
      this.#drop(e, id);
    } else if (d) {
      if (this.#put(e, d)) this.#tell(e, [id]);
    }
    return ref === true && d === undefined;
  }

  /** Start replacing everything; what is not poured again before `sweep` goes then, not now. */
  renew() {
    return ++this.#epoch;
  }

  /** @param {number} epoch */
  sweep(epoch) {
    if (epoch !== this.#epoch) return;
    for (const [entity, shelf] of this.#shelves) {
      const left = [...shelf.keys()].filter((id) => this.#poured.get(id) !== epoch);
      for (const id of left) shelf.delete(id);
      if (left.length > 0) this.#tell(entity, left);
    }
  }

  /** The history we followed is not the server's (a restore, a failover): nothing here counts. */
  clear() {
    this.#gone.clear();
    this.#hidden.clear();
    this.#poured.clear();
    for (const [entity, shelf] of this.#shelves) {
      const ids = [...shelf.keys()];
      shelf.clear();
      this.#tell(entity, ids);
    }
  }

  /**
   * @param {string} entity
   * @param {Row} row
   */
  #put(entity, row) {
    this.#poured.set(row.id, this.#epoch);
    if (row.version <= (this.#gone.get(row.id) ?? 0)) return false;
    const known = this.#shelf(entity).get(row.id);
    if (known && known.version >= row.version) return false;
    this.#shelf(entity).set(row.id, row);
    return true;
  }

  /**
   * @param {string} entity
   * @param {string} id
   */
  #drop(entity, id) {
    if (this.#shelf(entity).delete(id)) this.#tell(entity, [id]);
  }

  /** @param {string} entity */
  #shelf(entity) {
    let shelf = this.#shelves.get(entity);
    if (!shelf) this.#shelves.set(entity, (shelf = new Map()));
    return shelf;
  }

  /**
   * @param {string} entity
   * @param {string[]} ids
   */
  #tell(entity, ids) {
    this.#lists.delete(entity);
    this.tell("change", { entity, ids: new Set(ids) });
  }
}
