// @ts-check
/** Who else is here and at which record; and telling them where this tab is. */

import { newId } from "../../../../clients/js/src/ids.js";
import { byName, byPlural } from "../entities/entity.js";
import { here } from "./routes.js";

/** @import { Presence, Here } from "../../../../clients/js/src/presence.js" */
/** @import { Entity } from "../entities/entity.js" */
/** @import { Row } from "../../../../clients/js/src/types.js" */

const RENEW_MS = 10_000;
const IDLE_MS = 5 * 60_000;
const LIVELY = ["editing", "viewing", "online", "idle"];

/** The same over reloads; a copied tab has the same until it says something of its own. */
export function tabName() {
  const name = sessionStorage.getItem("homeroom.tab") ?? newId();
  sessionStorage.setItem("homeroom.tab", name);
  return name;
}

/** @param {Entity} entity @param {Row} row */
export const nameOf = (entity, row) => `${entity.name}:${row.id}`;

/** Dispatches `change`. */
export class Company extends EventTarget {
  /** Each other person once, at what they do most. @type {Here[]} */ others = [];
  #presence;
  #me;
  /** @type {Map<string, Here[]>} */ #at = new Map();
  /** What is being edited here. @type {{record: string, field: string} | null} */ #edits = null;
  #idle = false;
  #told = "";
  #toldAt = 0;
  #moved = Date.now();
  #stop = new AbortController();

  /** @param {Presence} presence @param {string} me */
  constructor(presence, me) {
    super();
    this.#presence = presence;
    this.#me = me;
    presence.on("change", () => this.#heard());
  }

  start() {
    const { signal } = this.#stop;
    const moved = () => this.#move();
    addEventListener("hashchange", () => this.#say(), { signal });
    for (const name of ["pointerdown", "keydown", "wheel", "focus"])
      addEventListener(name, moved, { signal, passive: true, capture: true });
    const watch = setInterval(() => this.#rest(), IDLE_MS / 10);
    signal.addEventListener("abort", () => clearInterval(watch));
    this.#say();
  }

  stop() {
    this.#stop.abort();
  }

  /** Others who have this record open. @param {Entity} entity @param {Row} row */
  at(entity, row) {
    return this.#at.get(nameOf(entity, row)) ?? [];
  }

  /** Others who edit this field. @param {Entity} entity @param {Row} row @param {string} field */
  editing(entity, row, field) {
    return this.at(entity, row).filter((one) => one.state === "editing" && one.field === field);
  }

  /** @param {Entity} entity @param {Row} row @param {string} field */
  edit(entity, row, field) {
    this.#edits = { record: nameOf(entity, row), field };
    this.#say();
  }

  /** It is typed in still. */
  typed() {
    if (this.#edits && Date.now() - this.#toldAt > RENEW_MS) this.#say(true);
  }

  /** @param {Entity} entity @param {Row} row @param {string} field */
  leave(entity, row, field) {
    if (this.#edits?.record !== nameOf(entity, row) || this.#edits.field !== field) return;
    this.#edits = null;
    this.#say();
  }

  #say(again = false) {
    const doing = this.#doing();
    const told = JSON.stringify(doing);
    if (told === this.#told && !again) return;
    this.#told = told;
    this.#toldAt = Date.now();
    // Without a line it is said by the next one.
    void this.#presence.set(doing).catch(() => undefined);
  }

  #doing() {
    const { page, id } = here();
    const entity = byPlural(page);
    const record = entity && id ? `${entity.name}:${id}` : undefined;
    if (this.#idle) return { state: "idle", ...(record && { record }) };
    if (this.#edits && this.#edits.record === record) return { state: "editing", ...this.#edits };
    return record ? { state: "viewing", record } : { state: "online" };
  }

  #move() {
    this.#moved = Date.now();
    if (!this.#idle) return;
    this.#idle = false;
    this.#say();
  }

  #rest() {
    if (this.#idle || Date.now() - this.#moved < IDLE_MS) return;
    this.#idle = true;
    this.#say();
  }

  #heard() {
    const all = [...this.#presence.here.values()].filter(({ user }) => user.id !== this.#me);
    all.sort((one, two) => LIVELY.indexOf(one.state) - LIVELY.indexOf(two.state));
    this.others = once(all);
    const at = Map.groupBy(
      all.filter(({ record }) => record),
      ({ record }) => record,
    );
    this.#at = new Map([...at].map(([record, ones]) => [record ?? "", once(ones)]));
    this.dispatchEvent(new Event("change"));
  }
}

/** The place of a record, as a link to it needs it. @param {string} record */
export function placeOf(record) {
  const [name, id] = record.split(":");
  return { entity: byName(name), id };
}

/** One connection for each person: the liveliest. @param {Here[]} ones in order of that */
function once(ones) {
  /** @type {Map<string, Here>} */
  const people = new Map();
  for (const one of ones) if (!people.has(one.user.id)) people.set(one.user.id, one);
  return [...people.values()];
}
