// @ts-check
/** Who is in the team, and for those who lead it, whom they have invited. */

import { ago, fullDate, words } from "../entities/format.js";
import { Refusal } from "../../../../clients/js/src/refusal.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { avatar } from "./avatar.js";
import { sentenceCase } from "./form.js";
import { icon } from "./icons.js";
import { Piece, given } from "./piece.js";

/** @import { Room } from "../room/room.js" */

const PATH = "/v1/teams/current/invitations";
const ROLES = ["agent", "lead", "viewer"];

export class Team extends Piece {
  static properties = {
    room: { attribute: false },
    invitations: { state: true },
    link: { state: true },
    problem: { state: true },
  };

  constructor() {
    super();
    /** @type {Room} */ this.room = given;
    /** @type {any[]} */ this.invitations = [];
    this.link = "";
    this.problem = "";
  }

  /** @returns {[EventTarget][]} */
  get watched() {
    return [[this.room]];
  }

  connectedCallback() {
    super.connectedCallback();
    if (this.room.session.leads) void this.#read();
  }

  render() {
    const { team, leads } = this.room.session;
    return html`<h1>${team?.name}</h1>
      <section class="panel" aria-labelledby="members">
        <h2 id="members">Members</h2>
        <ul class="people">
          ${this.room.members.map(
            (/** @type {any} */ { id, name, role, joined_at }) =>
              html`<li>
                ${avatar(name)}
                <span class="name"
                  ><strong>${name}${id === this.room.me ? " (you)" : ""}</strong
                  ><span class="place"
                    >${joined_at ? `Since ${fullDate(joined_at)}` : ""}</span
                  ></span
                >
                <span class="tag">${words(role ?? "")}</span>
              </li>`,
          )}
        </ul>
      </section>
      ${leads ? this.#invite() : nothing}`;
  }

  #invite() {
    return html`<section class="panel" aria-labelledby="invitations">
      <h2 id="invitations">Invitations</h2>
      <form class="invite" @submit=${this.#send}>
        <div class="labelled">
          <label for="invite-email">Email</label>
          <input id="invite-email" name="email" type="email" required autocomplete="off" />
        </div>
        <div class="labelled">
          <label for="invite-role">Role</label>
          <select id="invite-role" name="role">
            ${ROLES.map((role) => html`<option value=${role}>${words(role)}</option>`)}
          </select>
        </div>
        <button class="primary">Invite</button>
      </form>
      <div role="status">
        ${this.problem ? html`<p class="problem">${icon("alert")}${this.problem}</p>` : nothing}
        ${
          this.link
            ? html`<p>Give them this link. It is shown only once.</p>
                <p><code class="link">${this.link}</code></p>`
            : nothing
        }
      </div>
      <ul class="people">
        ${this.invitations.map(
          ({ id, email, role, expires_at, created_at }) =>
            html`<li>
              <span class="name"
                ><strong>${email}</strong>
                <span class="place"
                  >${words(role)}, invited ${ago(created_at ?? expires_at)}</span
                ></span
              >
              <button class="quiet" @click=${() => this.#withdraw(id)}>
                Withdraw<span class="unseen"> ${email}</span>
              </button>
            </li>`,
        )}
      </ul>
    </section>`;
  }

  /** @param {SubmitEvent} event */
  async #send(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    await this.#try(async () => {
      const { data } = await this.room.session.ask("POST", PATH, {
        body: Object.fromEntries(new FormData(form)),
      });
      this.link = `${location.origin}/#/join?token=${encodeURIComponent(data.token)}`;
      form.reset();
    });
  }

  /** @param {string} id */
  async #withdraw(id) {
    await this.#try(() => this.room.session.ask("DELETE", `${PATH}/${id}`));
  }

  /** @param {() => Promise<unknown>} act */
  async #try(act) {
    this.problem = "";
    this.link = "";
    try {
      await act();
      await this.#read();
    } catch (refusal) {
      this.problem = refusal instanceof Refusal ? sentenceCase(refusal.message) : String(refusal);
    }
  }

  async #read() {
    this.invitations = (await this.room.session.ask("GET", PATH)).data;
  }
}

customElements.define("hr-team", Team);
