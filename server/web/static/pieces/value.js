// @ts-check
/** One field, edited where it stands: Enter opens it, Enter saves, Escape leaves it as it was. */

import { titleOf } from "../entities/entity.js";
import { read, spoken, typed } from "../entities/field.js";
import { show } from "../entities/format.js";
import { Refusal } from "../../../../clients/js/src/refusal.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { discs, firstNames } from "./company.js";
import { sentenceCase } from "./form.js";
import { icon } from "./icons.js";
import { control } from "./inputs.js";
import { Piece, given } from "./piece.js";

/** @import { Entity } from "../entities/entity.js" */
/** @import { Field } from "../entities/field.js" */
/** @import { Room } from "../room/room.js" */
/** @import { Row } from "../../../../clients/js/src/types.js" */

export class Value extends Piece {
  static properties = {
    room: { attribute: false },
    entity: { attribute: false },
    row: { attribute: false },
    field: { attribute: false },
    canWrite: { attribute: false },
    editing: { state: true },
    error: { state: true },
  };
  /** The version looked at when typing began: what others change later must not be lost unseen. */
  #version = 0;
  /** @type {any} */ #before = null;
  /** @type {any} */ #draft = null;

  constructor() {
    super();
    /** @type {Room} */ this.room = given;
    /** @type {Entity} */ this.entity = given;
    /** @type {Row} */ this.row = given;
    /** @type {Field} */ this.field = given;
    this.canWrite = false;
    this.editing = false;
    this.error = "";
  }

  render() {
    const { field, row } = this;
    return html`<div class="field ${this.editing ? "editing" : ""}">
      <span class="label" aria-hidden=${this.canWrite}>${field.label}</span>
      <div class="content">
        ${this.editing ? this.#editor() : this.#shown(this.#text(field, row))}
        ${this.#others()}
      </div>
    </div>`;
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    if (!changed.has("editing")) return;
    const { company } = this.room;
    if (this.editing) company.edit(this.entity, this.row, this.field.name);
    else company.leave(this.entity, this.row, this.field.name);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.room.company.leave(this.entity, this.row, this.field.name);
  }

  /** @returns {[EventTarget, string?][]} */
  get watched() {
    return [[this.room.company]];
  }

  /** @param {Field} field @param {Row} row */
  #text(field, row) {
    const titled = (/** @type {string} */ entity, /** @type {string} */ id) =>
      titleOf(this.room.store.get(entity, id));
    return show(field, row[field.name], { between: "\n", titled });
  }

  /** Who edits it elsewhere: it may be worth a word before both write. */
  #others() {
    const others = this.room.company.editing(this.entity, this.row, this.field.name);
    if (others.length === 0) return nothing;
    return html`<p class="meanwhile" role="status">
      ${discs(others)}
      <span
        >${firstNames(others)} ${others.length > 1 ? "are" : "is"} editing
        this${this.editing ? " too" : ""}</span
      >
    </p>`;
  }

  /** @param {string} text */
  #shown(text) {
    const { field } = this;
    const link = field.type === "link" && /^https?:\/\//.test(text);
    const content = text || html`<span class="none">${this.canWrite ? "Add" : "None"}</span>`;
    const pending = this.room.outbox
      .pending(this.row.id)
      .some(({ body }) => body && field.name in body);
    const state = pending
      ? html`<span class="sending">${icon("clock")}<span class="unseen">being saved</span></span>`
      : nothing;
    if (!this.canWrite)
      return html`<span class="value"><span class="text">${content}</span></span>`;
    return html`<button
        class="value"
        @click=${this.edit}
        aria-label="${field.label}: ${text || "none"}. ${text ? "Edit" : "Add"}"
      >
        <span class="text">${content}</span>${state}${icon("edit")}
      </button>
      ${link ? this.#way(text) : nothing}
      ${this.error ? html`<p class="error" role="alert">${this.error}</p>` : nothing}`;
  }

  /** @param {string} href */
  #way(href) {
    const label = `Open ${spoken(this.field)}`;
    return html`<a class="out" href=${href} target="_blank" rel="noreferrer" aria-label=${label}
      >${icon("out")}</a
    >`;
  }

  #editor() {
    const { field } = this;
    const id = `edit-${field.name}`;
    const now = this.room.store.get(this.entity.name, this.row.id)?.[field.name];
    const overtaken = JSON.stringify(now ?? null) !== JSON.stringify(this.#before ?? null);
    return html`<form
      class="edit"
      novalidate
      @submit=${(/** @type {Event} */ event) => (event.preventDefault(), this.save())}
      @keydown=${this.#key}
      @input=${() => this.room.company.typed()}
      @focusout=${this.#left}
    >
      ${control(field, this.#draft, {
        id,
        label: field.label,
        described: `${id}-notes`,
        invalid: this.error !== "",
        required: field.required,
      })}
      <span class="buttons">
        <button class="primary icon-only" aria-label="Save">${icon("check")}</button>
        <button type="button" class="quiet icon-only" aria-label="Cancel" @click=${this.cancel}>
          ${icon("close")}
        </button>
      </span>
      <div id="${id}-notes" class="notes">
        ${field.hint ? html`<p class="hint">${field.hint}</p>` : nothing}
        ${
          overtaken
            ? html`<p class="hint overtaken" role="status">
                ${this.row.last_modified_by?.name ?? "Somebody"} has just made it
                ${show(field, now) || "empty"}.
              </p>`
            : nothing
        }
        ${this.error ? html`<p class="error" role="alert">${this.error}</p>` : nothing}
      </div>
    </form>`;
  }

  edit = async () => {
    this.#draft = this.row[this.field.name];
    this.#version = this.row.version;
    this.#before = this.room.store.get(this.entity.name, this.row.id)?.[this.field.name];
    await this.#open();
  };

  cancel = async () => {
    this.editing = false;
    this.error = "";
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector("button.value"))?.focus();
  };

  async save() {
    const input = /** @type {HTMLInputElement} */ (this.querySelector("[name]"));
    /** @type {any} */ let value;
    try {
      value = read(this.field, input.value);
    } catch (problem) {
      this.error = /** @type {Error} */ (problem).message;
      input.focus();
      return;
    }
    const focused = this.contains(document.activeElement);
    this.editing = false;
    this.error = "";
    if (focused)
      void this.updateComplete.then(() =>
        /** @type {any} */ (this.querySelector("button.value"))?.focus(),
      );
    if (JSON.stringify(value) === JSON.stringify(this.row[this.field.name] ?? null)) return;
    await this.#write(value);
  }

  /** @param {any} value */
  async #write(value) {
    const body = { [this.field.name]: value };
    try {
      await this.room.write(this.entity, "update", {
        id: this.row.id,
        version: this.#version,
        body,
        quiet: true,
      });
    } catch (problem) {
      // The record has rolled back by itself; what was typed is offered again beside the reason.
      if (!(problem instanceof Refusal) || problem.code === "VERSION_CONFLICT") return;
      const why = sentenceCase(problem.fields[this.field.name] ?? problem.message);
      if (!this.isConnected)
        return this.room.notices.show(`${this.field.label} was not saved. ${why}`, "bad");
      this.error = why;
      this.#draft = value;
      await this.#open();
    }
  }

  async #open() {
    this.editing = true;
    await this.updateComplete;
    const input = /** @type {HTMLInputElement | null} */ (this.querySelector("[name]"));
    input?.focus();
    if (input instanceof HTMLInputElement && input.type !== "date") input.select();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      void this.cancel();
    } else if (event.key === "Enter" && event.target instanceof HTMLSelectElement) {
      event.preventDefault();
      void this.save();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      void this.save();
    }
  }

  /** Going elsewhere keeps what was typed. @param {FocusEvent} event */
  #left(event) {
    if (!this.editing || this.contains(/** @type {Node | null} */ (event.relatedTarget))) return;
    const input = /** @type {HTMLInputElement | null} */ (this.querySelector("[name]"));
    if (!document.hasFocus() || input === null) return;
    if (input.value === typed(this.field, this.#draft) && !this.error) this.editing = false;
    else if (!this.error) void this.save();
  }
}

customElements.define("hr-value", Value);
