// @ts-check
/** What a person chose on this browser: board or table, folded columns, light or dark. */

const THEME = "homeroom.theme";

/** @typedef {"auto" | "light" | "dark"} Theme */

/** Dispatches `change`. */
export class Prefs extends EventTarget {
  #key;
  /** @type {Record<string, any>} */ #values;

  /** @param {string} user */
  constructor(user) {
    super();
    this.#key = `homeroom.prefs.${user}`;
    this.#values = JSON.parse(localStorage.getItem(this.#key) ?? "{}");
  }

  /**
   * @template T
   * @param {string} name
   * @param {T} otherwise
   * @returns {T}
   */
  get(name, otherwise) {
    return this.#values[name] ?? otherwise;
  }

  /**
   * @param {string} name
   * @param {any} value
   */
  set(name, value) {
    this.#values[name] = value;
    localStorage.setItem(this.#key, JSON.stringify(this.#values));
    this.dispatchEvent(new Event("change"));
  }
}

/** @returns {Theme} */
export const theme = () => /** @type {Theme} */ (localStorage.getItem(THEME) ?? "auto");

/** @param {Theme} choice */
export function chooseTheme(choice) {
  localStorage.setItem(THEME, choice);
  document.documentElement.dataset.theme = choice;
}
