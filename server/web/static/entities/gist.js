// @ts-check
/** What somebody has just changed, in a few words beside a name: "list price", "moved to Pending". */

import { byName, fieldOf, knows, statusOf } from "./entity.js";
import { spoken } from "./field.js";

/** @import { RoomEvent } from "../../../../clients/js/src/types.js" */

/** Following from other fields, or told with them. */
const QUIET = new Set([
  "status_reason",
  "price_change_reason",
  "previous_list_price",
  "off_market_date",
  "days_on_market",
  "cumulative_days_on_market",
]);

/** @param {RoomEvent} event */
export function gist({ e, k, ch = {} }) {
  const entity = byName(e);
  const verb = k.slice(k.indexOf(".") + 1);
  if (!entity || verb === "created") return "new";
  if (verb === "status_changed")
    return `moved to ${statusOf(entity, ch[entity.status]?.[1]).label.toLowerCase()}`;
  // A change that tells of none shows us a record that was private before.
  if (verb === "updated" && Object.keys(ch).length === 0) return "shared";
  const fields = Object.keys(ch).filter((name) => !QUIET.has(name) && knows(entity, name));
  if (fields.length === 0) return verb.replaceAll("_", " ");
  return fields.length === 1 ? spoken(fieldOf(entity, fields[0])) : `${fields.length} changes`;
}
