// @ts-check
/** Which records somebody wants to see, and in which order. */

/** @import { Entity } from "../entities/entity.js" */
/** @import { Row } from "../../../../clients/js/src/types.js" */

const SEARCHED = [
  "display_address",
  "property_address",
  "city",
  "zip_code",
  "display_id",
  "mls_number",
  "escrow_number",
  "buyers",
  "sellers",
  "escrow_company",
  "full_name",
  "company",
  "email",
  "phone",
  "phone_e164",
  "title",
  "tags",
];

/**
 * @param {Entity} entity
 * @param {readonly Row[]} rows
 * @param {{search: string, archived: boolean, status: string, owner: string}} wish
 */
export function matching(entity, rows, { search, archived, status, owner }) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(
    (row) =>
      Boolean(row.is_archived) === archived &&
      (!owner || row.owner_id === owner) &&
      (!status || row[entity.status] === status) &&
      (words.length === 0 || words.every((word) => text(row).includes(word))),
  );
}

/** @param {Row} row */
const text = (row) =>
  SEARCHED.map((name) => row[name] ?? "")
    .join(" ")
    .toLowerCase();

/**
 * Nothing last; otherwise numbers as numbers and text as people sort it.
 * @param {string} name
 * @param {1 | -1} direction
 * @param {(row: Row) => any} [of]
 */
export function by(name, direction, of = (row) => row[name]) {
  return (/** @type {Row} */ a, /** @type {Row} */ b) => {
    const [x, y] = [plain(of(a)), plain(of(b))];
    if (x === y) return a.id < b.id ? -1 : 1;
    if (x === null || y === null) return x === null ? 1 : -1;
    return (
      direction *
      (typeof x === "number" && typeof y === "number"
        ? x - y
        : `${x}`.localeCompare(`${y}`, "en", { numeric: true }))
    );
  };
}

/** @param {any} value */
function plain(value) {
  if (Array.isArray(value)) return value.join(", ") || null;
  return value === undefined || value === "" ? null : value;
}
