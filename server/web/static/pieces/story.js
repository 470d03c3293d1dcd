// @ts-check
/** A sentence of the feed, its pieces set off, and the record in it a link. */

import { html } from "../vendor/lit-3.3.3.min.js";

/** @import { Entry } from "../room/feed.js" */

/**
 * @param {Entry} entry
 * @param {string} me whose screen it is
 * @param {string} href of the record, "" where there is nothing to open
 */
export const story = ({ a, pieces }, me, href) =>
  pieces.map(({ kind, text }) => {
    const mine = a?.id === me;
    switch (kind) {
      case "who":
        return html`<strong class="who">${mine ? "You" : text}</strong>`;
      case "whose":
        return mine ? "your" : text;
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
