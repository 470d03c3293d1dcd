// @ts-check
/** What all elements of the page share: no shadow root, redrawn when what they watch changes. */

import { LitElement } from "../vendor/lit-3.3.3.min.js";

export class Piece extends LitElement {
  /** @type {AbortController | undefined} */ #watching;

  /** One stylesheet and one accessibility tree for the whole page. */
  createRenderRoot() {
    return this;
  }

  /**
   * The targets whose `change` (or other named event) redraws this element.
   * @returns {[EventTarget, string?][]}
   */
  get watched() {
    return [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.watch();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#watching?.abort();
  }

  watch() {
    this.#watching?.abort();
    this.#watching = new AbortController();
    const { signal } = this.#watching;
    for (const [target, name = "change"] of this.watched) {
      target.addEventListener(name, () => this.requestUpdate(), { signal });
    }
  }

  /** @param {string} name @param {any} [detail] */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }
}

/** A property the parent element hands in before the first drawing. */
export const given = /** @type {any} */ (undefined);

/** A value computed anew at most this often, for "2 minutes ago". */
export const TICK_MS = 30_000;
