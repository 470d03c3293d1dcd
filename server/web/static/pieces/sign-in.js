// @ts-check
/** The way in: sign in, register a team, or accept an invitation. */

import { Refusal } from "../../../../clients/js/src/refusal.js";
import { here } from "../room/routes.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { focusFirstError, sentenceCase } from "./form.js";
import { icon } from "./icons.js";
import { Piece, given } from "./piece.js";

/** @import { Session } from "../../../../clients/js/src/session.js" */

/**
 * @typedef {{name: string, label: string, type: string, complete: string, hint?: string}} Blank
 * @typedef {object} Way
 * @property {string} title
 * @property {string} lead
 * @property {string} button
 * @property {Blank[]} blanks
 * @property {[string, string]} other a question, and the way that answers it
 */

/** @type {Blank} */
const EMAIL = { name: "email", label: "Email", type: "email", complete: "username" };
/** @type {Blank} */
const NAME = { name: "full_name", label: "Your name", type: "text", complete: "name" };
/** @type {Blank} */
const NEW_PASSWORD = {
  name: "password",
  label: "Password",
  type: "password",
  complete: "new-password",
  hint: "At least 10 characters",
};

/** @type {Record<string, Way>} */
const WAYS = {
  signin: {
    title: "Sign in",
    lead: "Your team’s escrows and listings, live.",
    button: "Sign in",
    blanks: [
      EMAIL,
      { name: "password", label: "Password", type: "password", complete: "current-password" },
    ],
    other: ["New here?", "register"],
  },
  register: {
    title: "Start a team",
    lead: "You will be its owner, and can invite the others.",
    button: "Create the team",
    blanks: [
      { name: "team_name", label: "Team name", type: "text", complete: "organization" },
      NAME,
      EMAIL,
      NEW_PASSWORD,
    ],
    other: ["Have an account?", "signin"],
  },
  join: {
    title: "Join your team",
    lead: "You have been invited to Homeroom. If you already have an account, use its password.",
    button: "Join",
    blanks: [NAME, NEW_PASSWORD],
    other: ["Not what you wanted?", "signin"],
  },
};

export class SignIn extends Piece {
  static properties = {
    session: { attribute: false },
    farewell: { attribute: false },
    busy: { state: true },
    errors: { state: true },
    problem: { state: true },
    revealed: { state: true },
  };

  constructor() {
    super();
    /** @type {Session} */ this.session = given;
    this.farewell = "";
    this.busy = false;
    /** @type {Record<string, string>} */ this.errors = {};
    this.problem = "";
    this.revealed = false;
  }

  /** @returns {[EventTarget, string][]} */
  get watched() {
    return [[window, "hashchange"]];
  }

  get way() {
    const { page } = here();
    return page in WAYS ? page : "signin";
  }

  render() {
    const { title, lead, button, blanks, other } = WAYS[this.way];
    document.title = `${title} · Homeroom`;
    return html`<main class="door" id="main">
      <div class="brand">${icon("mark")}<span>Homeroom</span></div>
      <form novalidate @submit=${this.#submit} aria-labelledby="door-title">
        <h1 id="door-title">${title}</h1>
        <p class="lead">${this.farewell || lead}</p>
        <div role="alert">
          ${this.problem ? html`<p class="problem">${icon("alert")}${this.problem}</p>` : nothing}
        </div>
        ${blanks.map((blank) => this.#blank(blank))}
        <button class="primary wide" ?disabled=${this.busy}>
          ${this.busy ? "One moment…" : button}
        </button>
      </form>
      <p class="other">${other[0]} <a href="#/${other[1]}">${WAYS[other[1]].title}</a></p>
    </main>`;
  }

  /** @param {Blank} blank */
  #blank({ name, label, type, complete, hint }) {
    const error = this.errors[name];
    const secret = type === "password";
    return html`<div class="labelled">
      <label for="door-${name}">${label}</label>
      <div class="with-button">
        <input
          id="door-${name}"
          name=${name}
          type=${secret && this.revealed ? "text" : type}
          autocomplete=${complete}
          autocapitalize=${type === "text" ? "words" : "none"}
          aria-invalid=${error ? "true" : nothing}
          aria-describedby=${error || hint ? `door-${name}-note` : nothing}
          required
        />
        ${
          secret
            ? html`<button
                type="button"
                class="quiet icon-only"
                aria-label="Show the password"
                aria-pressed=${this.revealed}
                @click=${() => (this.revealed = !this.revealed)}
              >
                ${icon(this.revealed ? "eye-off" : "eye")}
              </button>`
            : nothing
        }
      </div>
      ${
        error || hint
          ? html`<p id="door-${name}-note" class=${error ? "error" : "hint"}>
              ${error ? sentenceCase(error) : hint}
            </p>`
          : nothing
      }
    </div>`;
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const values = /** @type {any} */ (Object.fromEntries(new FormData(form)));
    this.problem = "";
    this.errors = Object.fromEntries(
      WAYS[this.way].blanks
        .filter(({ name }) => !values[name])
        .map(({ name, label }) => [name, `${label} is needed`]),
    );
    if (Object.keys(this.errors).length === 0) await this.#enter(values);
    await this.updateComplete;
    focusFirstError(this);
  }

  /** @param {any} values */
  async #enter(values) {
    this.busy = true;
    try {
      if (this.way === "register") await this.session.register(values);
      else if (this.way === "join")
        await this.session.accept({ ...values, token: here().query.get("token") ?? "" });
      else await this.session.signIn(values);
      if (this.way in WAYS) location.hash = "#/escrows";
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      const known = WAYS[this.way].blanks.some(({ name }) => name in refusal.fields);
      this.errors = known ? refusal.fields : {};
      this.problem = known ? "" : sentenceCase(refusal.message);
    } finally {
      this.busy = false;
    }
  }
}

customElements.define("hr-sign-in", SignIn);
