// @ts-check
/** A sentence about an event, its parts set off, and the record in it a link. */

import { html } from "../vendor/lit-3.3.3.min.js";

/** @import { Piece } from "../entities/sentences.js" */

/**
 * @param {readonly Piece[]} pieces
 * @param {string} href of the record, "" where there is nothing to open
 */
export const story = (pieces, href) =>
  pieces.map(({ kind, text }) => {
    switch (kind) {
      case "who":
        return html`<strong class="who">${text}</strong>`;
      case "record":
        return href ? html`<a href=${href}>${text}</a>` : html`<span class="record">${text}</span>`;
      case "old":
        return html`<span class="old">${text}</span>`;
      case "new":
        return html`<strong class="new">${text}</strong>`;
      default:
        return text;
    }
  });
