// @ts-check
/** Short messages at the foot of the page, and the polite voice for screen readers. */

import { html, nothing, repeat } from "../vendor/lit-3.3.3.min.js";
import { icon } from "./icons.js";
import { Piece, given } from "./piece.js";

/** @import { Notices } from "../room/notices.js" */

const ICONS = { plain: "info", good: "check", bad: "alert" };

export class NoticeBoard extends Piece {
  static properties = { notices: { attribute: false } };

  constructor() {
    super();
    /** @type {Notices} */ this.notices = given;
  }

  /** @returns {[EventTarget][]} */
  get watched() {
    return [[this.notices]];
  }

  render() {
    return html`
      <p class="unseen" aria-live="polite">${this.notices.spoken}</p>
      <div class="notices" role="status">
        ${repeat(
          this.notices.shown,
          ({ key }) => key,
          ({ key, text, mood, action }) =>
            html`<div class="notice ${mood}">
              ${icon(ICONS[mood])}<span>${text}</span>
              ${
                action
                  ? html`<button
                      class="quiet"
                      @click=${() => (action.run(), this.notices.hide(key))}
                    >
                      ${action.label}
                    </button>`
                  : nothing
              }
              <button
                class="quiet icon-only"
                aria-label="Dismiss"
                @click=${() => this.notices.hide(key)}
              >
                ${icon("close")}
              </button>
            </div>`,
        )}
      </div>
    `;
  }
}

customElements.define("hr-notices", NoticeBoard);
