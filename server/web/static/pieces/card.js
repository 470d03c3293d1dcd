// @ts-check
/** A record on the board. */

import { placeOf, statusOf, titleOf } from "../entities/entity.js";
import { date, daysUntil, inDays, money, number } from "../entities/format.js";
import { to } from "../room/routes.js";
import { html, nothing } from "../vendor/lit-3.3.3.min.js";
import { avatar } from "./avatar.js";
import { discs, firstNames } from "./company.js";
import { icon } from "./icons.js";

/** @import { Entity } from "../entities/entity.js" */
/** @import { Room } from "../room/room.js" */
/** @import { Row } from "../../../../clients/js/src/types.js" */

const OFF_MARKET = new Set(["hold", "withdrawn", "expired", "cancelled"]);

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
    <span class="place">${placeOf(row)}</span>
    <span class="price">
      ${price ? money(price) : html`<span class="none">No price</span>`}${cut(row)}
    </span>
    <span class="facts">${entity.name === "listing" ? house(row) : side(row)}</span>
    <span class="foot">
      ${
        mark
          ? html`${avatar(mark.name)}<span class="byline">${byline(mark)}</span>`
          : html`${owner ? html`<span title=${owner}>${avatar(owner)}</span>` : nothing}
              <span class="when">${when(entity, row)}</span>
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

/** @param {Row} row */
function house({ bedrooms, bathrooms, square_feet }) {
  const parts = [
    bedrooms ? `${number(bedrooms)} bd` : "",
    bathrooms ? `${number(bathrooms)} ba` : "",
    square_feet ? `${number(square_feet)} sq ft` : "",
  ];
  return parts.filter(Boolean).join(" · ");
}

/** @param {Row} row */
function side({ representation_type: side, buyers = [], sellers = [] }) {
  const [names, label] =
    side === "seller"
      ? [sellers, "Seller"]
      : side === "dual"
        ? [[], "Both sides"]
        : [buyers, "Buyer"];
  return names?.length > 0
    ? `${label} · ${names[0]}${names.length > 1 ? ` +${names.length - 1}` : ""}`
    : label;
}

/**
 * "Withdrawn Nov 3"
 * @param {Entity} entity
 * @param {Row} row
 */
function since(entity, row) {
  const day = row.contract_status_change_date;
  return day ? `${statusOf(entity, row[entity.status]).label} ${date(day)}` : "";
}

/**
 * @param {Entity} entity
 * @param {Row} row
 */
function when(entity, row) {
  if (entity.name === "listing") {
    if (row.listing_status === "closed")
      return row.close_date ? `Closed ${date(row.close_date)}` : "";
    if (OFF_MARKET.has(row.listing_status)) return since(entity, row);
    const days = row.days_on_market;
    if (days === 0) return "New today";
    return days === null || days === undefined
      ? ""
      : `${number(days)} ${days === 1 ? "day" : "days"} on market`;
  }
  if (row.escrow_status === "closed")
    return `Closed ${date(row.actual_coe_date ?? row.recorded_date ?? row.closing_date)}`;
  if (row.escrow_status === "cancelled") return since(entity, row);
  if (!row.closing_date) return "";
  const late = daysUntil(row.closing_date) < 0;
  return html`<span class=${late ? "late" : ""}
    >${late ? "Was to close" : "Closes"} ${inDays(row.closing_date)}</span
  >`;
}
