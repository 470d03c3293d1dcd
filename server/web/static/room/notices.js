// @ts-check
/** Short messages at the edge of the page, and what a screen reader is told meanwhile. */

const SHOWN_MS = 6_000;
const GATHER_MS = 1_200;
const MOST_SPOKEN = 2;

/**
 * @typedef {"plain" | "good" | "bad"} Mood
 * @typedef {{label: string, run: () => void}} Action
 * @typedef {{key: number, text: string, mood: Mood, action?: Action}} Notice
 */

/** Dispatches `change`. */
export class Notices extends EventTarget {
  /** @type {Notice[]} */ shown = [];
  spoken = "";
  #next = 1;
  /** @type {string[]} */ #toSay = [];

  /**
   * @param {string} text
   * @param {Mood} [mood]
   * @param {Action} [action]
   */
  show(text, mood = "plain", action = undefined) {
    const notice = { key: this.#next++, text, mood, action };
    this.shown = [...this.shown.filter((one) => one.text !== text), notice].slice(-3);
    this.#changed();
    setTimeout(() => this.hide(notice.key), mood === "bad" || action ? 2 * SHOWN_MS : SHOWN_MS);
  }

  /** @param {number} key */
  hide(key) {
    this.shown = this.shown.filter((notice) => notice.key !== key);
    this.#changed();
  }

  /**
   * Said aloud, politely: a busy room is summed up, never read out word by word.
   * @param {string} sentence
   */
  say(sentence) {
    this.#toSay.push(sentence);
    if (this.#toSay.length > 1) return;
    setTimeout(() => {
      const all = this.#toSay.splice(0);
      this.spoken =
        all.length > MOST_SPOKEN ? `${all.length} changes by your team` : all.join(". ");
      this.#changed();
    }, GATHER_MS);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
