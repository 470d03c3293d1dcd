// @ts-check
/** Two people, one field: what it was, what each made of it, and which one stays. */

import { byName, fieldOf, titleOf } from "../entities/entity.js";
import { spoken } from "../entities/field.js";
import { ago, show } from "../entities/format.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { Dialog } from "./dialog.js";

/** @import { Entity } from "../entities/entity.js" */
/** @import { Write } from "../../../../clients/js/src/outbox.js" */
/** @import { Refusal } from "../../../../clients/js/src/refusal.js" */
/** @import { Detail, Row } from "../../../../clients/js/src/types.js" */

/** @typedef {{write: Write, refusal: Refusal}} Clash */

export class Conflict extends Dialog {
  static properties = { clash: { state: true } };
  /** @type {Clash[]} */ #queue = [];

  constructor() {
    super();
    /** @type {Clash | null} */ this.clash = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.room.addEventListener("conflict", this.#meet);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.room.removeEventListener("conflict", this.#meet);
  }

  #meet = (/** @type {Event} */ event) => {
    this.#queue.push(/** @type {CustomEvent} */ (event).detail);
    if (!this.clash) void this.#next();
  };

  async #next() {
    this.clash = this.#queue.shift() ?? null;
    const entity = byName(this.clash?.write.entity ?? "");
    if (!this.clash || !entity) return;
    this.entity = entity;
    // The choice is saved on top of what is there now, so look at it first.
    await this.room.fetch(entity, this.clash.write.id).catch(() => undefined);
    await this.openDialog();
    this.dialog.addEventListener("close", () => ((this.clash = null), void this.#next()), {
      once: true,
    });
  }

  render() {
    if (!this.clash) return html`<dialog></dialog>`;
    const { write, refusal } = this.clash;
    const title = titleOf(this.room.store.get(this.entity.name, write.id)) || "This record";
    const who = refusal.details[0]?.changed_by?.name ?? "Somebody";
    const choosing = write.verb === "update" || write.verb === "status";
    return this.frame(
      {
        title: `${who} changed ${choosing ? "the same thing" : "it meanwhile"}`,
        button: choosing ? "Save my choice" : `${this.#verb(write.verb)} anyway`,
        kind: "conflict",
        submit: this.#submit,
      },
      html`<p class="lead">
          ${
            choosing
              ? html`You both changed ${title}. Nothing of yours is saved yet: choose what stays.`
              : html`${title} is not as you saw it any more.`
          }
        </p>
        ${refusal.details.map((detail) => (choosing ? this.#choice(detail) : this.#told(detail)))}`,
    );
  }

  /** @param {Detail} detail */
  #choice(detail) {
    const { shows, body } = /** @type {Clash} */ (this.clash).write;
    const field = fieldOf(this.entity, detail.field ?? "");
    const text = (/** @type {any} */ value) => show(field, value) || "Empty";
    const by = detail.changed_by?.name ?? "Somebody";
    return html`<fieldset class="clash">
      <legend>${field.label}</legend>
      <p class="base">It was <strong>${text(detail.base)}</strong></p>
      <label class="option">
        <input type="radio" name=${field.name} value="theirs" checked />
        <span class="text">${text(detail.current)}</span>
        <span class="place">${by}, ${detail.changed_at ? ago(detail.changed_at) : "just now"}</span>
      </label>
      <label class="option">
        <input type="radio" name=${field.name} value="yours" />
        <span class="text">${text(shows?.[field.name] ?? body?.[field.name])}</span>
        <span class="place">You</span>
      </label>
    </fieldset>`;
  }

  /** @param {Detail} detail */
  #told({ field: name, base, current, changed_by }) {
    if (!name) return nothing;
    const field = fieldOf(this.entity, name);
    return html`<p>
      ${changed_by?.name ?? "Somebody"} changed the ${spoken(field)} from
      ${show(field, base) || "nothing"} to ${show(field, current) || "nothing"}.
    </p>`;
  }

  /** @param {string} verb */
  #verb(verb) {
    return verb.charAt(0).toUpperCase() + verb.slice(1);
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    const { write, refusal } = /** @type {Clash} */ (this.clash);
    const chosen = new FormData(this.form);
    const given_up = refusal.details
      .map(({ field = "" }) => field)
      .filter((name) => chosen.get(name) === "theirs");
    const keep = (/** @type {object | undefined} */ values) =>
      values &&
      Object.fromEntries(Object.entries(values).filter(([name]) => !given_up.includes(name)));
    const body = keep(write.body);
    const version = this.room.store.get(this.entity.name, write.id)?.version;
    const nothingLeft = body && Object.keys(body).length === 0;
    const statusGone = write.verb === "status" && given_up.includes(this.entity.status);
    if (!nothingLeft && !statusGone) {
      const again = { id: write.id, version, body, shows: keep(write.shows) };
      void this.room.write(this.entity, write.verb, again).catch(() => undefined);
    }
    this.close();
  }
}

customElements.define("hr-conflict", Conflict);
