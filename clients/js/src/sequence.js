// @ts-check
/** Puts a team's events into their order: applies the next, ignores the known, holds the early. */

/** @import { RoomEvent } from "./types.js" */

const PATIENCE_MS = 300;
const MOST_HELD = 1000;

export class Sequence {
  seq = 0;
  hash = "";
  /** False until the data this position belongs to has been asked for. */
  placed = false;
  /** @type {Map<number, RoomEvent>} */ #held = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #apply;
  #ask;

  /**
   * @param {(events: RoomEvent[]) => void} apply gets every event exactly once, in order
   * @param {() => void} ask is called when an event has been missing for too long
   */
  constructor(apply, ask) {
    this.#apply = apply;
    this.#ask = ask;
  }

  /** The data now stands at this point; what came before it is of no interest any more.
   * @param {number} seq
   * @param {string} hash */
  start(seq, hash) {
    this.seq = seq;
    this.hash = hash;
    this.placed = true;
    for (const early of this.#held.keys()) if (early <= seq) this.#held.delete(early);
    this.#drain();
  }

  /** @param {RoomEvent[]} events */
  take(events) {
    for (const event of events) if (event.s > this.seq) this.#held.set(event.s, event);
    this.#drain();
  }

  forget() {
    this.seq = 0;
    this.hash = "";
    this.placed = false;
    this.#held.clear();
    this.#calm();
  }

  get gap() {
    return this.#held.size > 0;
  }

  /** Still missing something after an answer: wait once more, then ask once more. */
  watch() {
    this.#calm();
    if (this.gap) this.#timer = setTimeout(this.#ask, PATIENCE_MS);
  }

  #drain() {
    if (!this.placed) return;
    const ready = [];
    for (let next; (next = this.#held.get(this.seq + 1));) {
      this.#held.delete(next.s);
      ready.push(next);
      this.seq = next.s;
      this.hash = next.h;
    }
    if (ready.length > 0) this.#apply(ready);
    if (!this.gap) this.#calm();
    else if (this.#held.size > MOST_HELD) this.#giveUpHolding();
    else if (this.#timer === undefined || ready.length > 0) this.watch();
  }

  #giveUpHolding() {
    this.#held.clear();
    this.#calm();
    this.#ask();
  }

  #calm() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
