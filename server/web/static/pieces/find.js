// @ts-check
/** One box over everything the team knows: "/" opens it, the arrows choose, Enter goes there. */

import { Refusal } from "../../../../clients/js/src/refusal.js";
import { byName, statusOf } from "../entities/entity.js";
import { words } from "../entities/format.js";
import { go, to } from "../room/routes.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { icon } from "./icons.js";
import { Piece, given } from "./piece.js";

/** @import { Room } from "../room/room.js" */

/**
 * @typedef {{entity: string, id: string, display_id: string | null, label: string,
 *   status: string | null, is_archived: boolean,
 *   matched: {field: string, text: string, ranges: [number, number][]} | null}} Hit
 */

const PAUSE_MS = 150; // of typing
const TYPED_INTO = "input, textarea, select, [contenteditable]";

export class Find extends Piece {
  static properties = {
    room: { attribute: false },
    hits: { state: true },
    asked: { state: true },
    at: { state: true },
    problem: { state: true },
  };
  /** @type {AbortController} */ #asking = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #pause;

  constructor() {
    super();
    /** @type {Room} */ this.room = given;
    /** @type {Hit[]} */ this.hits = [];
    this.asked = "";
    this.at = 0;
    this.problem = "";
  }

  connectedCallback() {
    super.connectedCallback();
    document.addEventListener("keydown", this.#shortcut);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.#shortcut);
    this.#asking.abort();
    clearTimeout(this.#pause);
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }

  get #input() {
    return /** @type {HTMLInputElement} */ (this.querySelector("input"));
  }

  render() {
    const open = this.hits.length > 0;
    return html`<button
        class="quiet icon-only"
        aria-label="Find anything"
        title="Find anything ( / )"
        @click=${this.show}
      >
        ${icon("search")}
      </button>
      <dialog class="modal wide find" aria-label="Find anything" @click=${this.#outside}>
        <div class="search">
          ${icon("search")}
          <input
            type="text"
            inputmode="search"
            role="combobox"
            aria-label="Find anything"
            aria-autocomplete="list"
            aria-expanded=${open}
            aria-controls="found"
            aria-activedescendant=${open ? `found-${this.at}` : nothing}
            placeholder="A name, an address, a phone number…"
            maxlength="200"
            autocomplete="off"
            @input=${this.#typed}
            @keydown=${this.#key}
          />
        </div>
        <ul id="found" role="listbox" aria-label="Found" ?hidden=${!open}>
          ${this.hits.map((hit, i) => this.#hit(hit, i))}
        </ul>
        <p class="empty" role="status">${this.#said()}</p>
      </dialog>`;
  }

  show = async () => {
    if (this.#dialog.open) return;
    this.#dialog.showModal();
    this.#input.select();
  };

  #said() {
    if (this.problem) return this.problem;
    if (!this.asked) return "Escrows, listings, people and appointments, whatever you know of them.";
    if (this.hits.length === 0) return `Nothing is like “${this.asked}”.`;
    return nothing;
  }

  /** @param {Hit} hit @param {number} i */
  #hit(hit, i) {
    const entity = byName(hit.entity);
    const status = entity && hit.status ? statusOf(entity, hit.status) : undefined;
    return html`<li
      id="found-${i}"
      role="option"
      aria-selected=${i === this.at}
      @click=${() => this.#open(hit)}
      @pointermove=${() => (this.at = i)}
    >
      ${icon(entity?.plural ?? "team")}
      <span class="what">
        <strong>${hit.label}</strong>
        ${hit.matched && hit.matched.text !== hit.label ? marked(hit.matched) : nothing}
      </span>
      <span class="kind">
        ${words(entity?.one ?? hit.entity)}${
          status
            ? html`<span class="status"><span class="dot ${status.tone}"></span>${status.label}</span>`
            : nothing
        }${hit.is_archived ? html`<span class="tag">Archived</span>` : nothing}
      </span>
    </li>`;
  }

  #typed = () => {
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.#ask(), PAUSE_MS);
  };

  async #ask() {
    const q = this.#input.value.trim();
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    try {
      const { data } = q
        ? await this.room.session.ask("GET", `/v1/search?${new URLSearchParams({ q })}`, { signal })
        : { data: { hits: [] } };
      if (!signal.aborted) Object.assign(this, { hits: data.hits, asked: q, at: 0, problem: "" });
    } catch (problem) {
      if (signal.aborted) return;
      if (!(problem instanceof Refusal)) throw problem;
      Object.assign(this, { hits: [], asked: q, problem: problem.message });
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && this.hits.length > 0) {
      event.preventDefault();
      this.at = (this.at + step + this.hits.length) % this.hits.length;
      void this.updateComplete.then(() =>
        this.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }),
      );
    } else if (event.key === "Enter" && this.hits[this.at]) {
      event.preventDefault();
      this.#open(this.hits[this.at]);
    }
  }

  /** @param {Hit} hit */
  #open(hit) {
    this.#dialog.close();
    const entity = byName(hit.entity);
    go(entity ? to(entity.plural, hit.id) : to("team"));
  }

  /** @param {Event} event */
  #outside(event) {
    if (event.target === this.#dialog) this.#dialog.close();
  }

  /** @param {KeyboardEvent} event */
  #shortcut = (event) => {
    const asked = event.key === "/" || (event.key === "k" && (event.ctrlKey || event.metaKey));
    const typing = /** @type {Element} */ (event.target).matches?.(TYPED_INTO);
    if (!asked || (typing && event.key === "/") || document.querySelector("dialog:modal")) return;
    event.preventDefault();
    void this.show();
  };
}

/**
 * The text that was found, with what was asked for set off; the ranges count characters.
 * @param {{text: string, ranges: [number, number][]}} matched
 */
function marked({ text, ranges }) {
  const letters = Array.from(text);
  const parts = [];
  let last = 0;
  for (const [from, end] of ranges) {
    parts.push(letters.slice(last, from).join(""));
    parts.push(html`<mark>${letters.slice(from, end).join("")}</mark>`);
    last = end;
  }
  return html`<span class="place">${parts}${letters.slice(last).join("")}</span>`;
}

customElements.define("hr-find", Find);
