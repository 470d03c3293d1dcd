// @ts-check
/** A record on the board. */

import { placeOf, titleOf } from "../entities/entity.js";
import { money, number } from "../entities/format.js";
import { to } from "../room/routes.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { avatar } from "./avatar.js";
import { discs, firstNames } from "./company.js";
import { icon } from "./icons.js";

/** @import { Entity } from "../entities/entity.js" */
/** @import { Room } from "../room/room.js" */
/** @import { Row } from "../../../../clients/js/src/types.js" */

/**
 * @param {Room} room
 * @param {Entity} entity
 * @param {Row} row
 * @param {boolean} open
 */
export function card(room, entity, row, open) {
  const mark = room.marks.of(row.id);
  const price = entity.price(row);
  const owner = room.nameOf(row.owner_id);
  // Two names for one animation, so that a second change starts it again.
  const touched = mark ? `touched beat-${mark.seq % 2}` : "";
  return html`<a
    class="card ${touched} ${row.pending ? "pending" : ""}"
    href=${to(entity.plural, row.version > 0 ? row.id : "")}
    aria-current=${open ? "true" : nothing}
    data-id=${row.id}
  >
    <span class="address">${secret(row)}${titleOf(row)}</span>
    <span class="place">${placeOf(row, entity)}</span>
    ${
      entity.priceField
        ? html`<span class="price">
            ${price ? money(price) : html`<span class="none">No price</span>`}${cut(row)}
          </span>`
        : nothing
    }
    <span class="facts">${entity.facts(row)}</span>
    <span class="foot">
      ${
        mark
          ? html`${avatar(mark.name)}<span class="byline">${byline(mark)}</span>`
          : html`${owner ? html`<span title=${owner}>${avatar(owner)}</span>` : nothing}
              ${when(entity, row)}
              ${row.pending ? html`<span class="sending">${icon("clock")}To send</span>` : nothing}`
      }
      ${company(room, entity, row)}
    </span>
  </a>`;
}

/** @param {Room} room @param {Entity} entity @param {Row} row */
function company(room, entity, row) {
  const others = room.company.at(entity, row);
  if (others.length === 0) return nothing;
  return html`${discs(others.slice(0, 3))}<span class="unseen"
      >${firstNames(others)} ${others.length > 1 ? "are" : "is"} here</span
    >`;
}

/** A lock before the name of what not everybody sees. @param {Row} row */
export const secret = (row) =>
  row.is_private
    ? html`<span class="secret" title="Private">${icon("lock")}<span class="unseen">Private </span></span>`
    : nothing;

/** @param {import("../room/marks.js").Mark} mark */
export const byline = ({ name, what }) => `${name.split(" ")[0]}: ${what}`;

/** @param {Row} row */
function cut(row) {
  const { original_list_price: first, list_price: now, listing_status: status } = row;
  if (!first || !now || now >= first || status === "closed") return nothing;
  return html`<span class="cut" title="Was ${money(first)} at first"
    >${icon("down")}${number(Math.round(1000 * (1 - now / first)) / 10)}%</span
  >`;
}

/**
 * @param {Entity} entity
 * @param {Row} row
 */
function when(entity, row) {
  const said = entity.when(row);
  const { text, late } = typeof said === "string" ? { text: said, late: false } : said;
  return html`<span class="when ${late ? "late" : ""}">${text}</span>`;
}
