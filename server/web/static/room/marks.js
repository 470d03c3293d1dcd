// @ts-check
/** Which records somebody else has just changed, so that they can be pointed out for a moment. */

export const SHOWN_MS = 9_000;

/**
 * @typedef {{name: string, what: string, seq: number}} Mark
 */

/** Dispatches `change`. */
export class Marks extends EventTarget {
  /** @type {Map<string, Mark>} */ #marks = new Map();

  /** @param {string} id */
  of(id) {
    return this.#marks.get(id);
  }

  /**
   * @param {string} id
   * @param {Mark} mark
   */
  put(id, mark) {
    this.#marks.set(id, mark);
    this.dispatchEvent(new Event("change"));
    setTimeout(() => {
      if (this.#marks.get(id) !== mark) return;
      this.#marks.delete(id);
      this.dispatchEvent(new Event("change"));
    }, SHOWN_MS);
  }
}
