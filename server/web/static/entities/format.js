// @ts-check
/** Money, dates and other values, as people read and type them. */

/** @import { Field, Titled } from "./field.js" */

const WHOLE = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  maximumFractionDigits: 0,
});
const CENTS = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const SHORT = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  notation: "compact",
  maximumFractionDigits: 1,
});
const NUMBER = new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });
const THIS_YEAR = new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric" });
const ANY_YEAR = new Intl.DateTimeFormat("en-US", {
  month: "short",
  day: "numeric",
  year: "numeric",
});
const LONG_DAY = new Intl.DateTimeFormat("en-US", {
  weekday: "long",
  month: "long",
  day: "numeric",
});
const CLOCK = new Intl.DateTimeFormat("en-US", { hour: "numeric", minute: "2-digit" });
const DAY_MS = 86_400_000;

/** @param {number} amount */
export const money = (amount) => (Number.isInteger(amount) ? WHOLE : CENTS).format(amount);
/** @param {number} amount */
export const shortMoney = (amount) => SHORT.format(amount);
/** @param {number} value */
export const number = (value) => NUMBER.format(value);

/**
 * A calendar day has no time zone: read in UTC it would be yesterday in Seattle.
 * @param {string} iso
 */
export function dayOf(iso) {
  if (iso.length > 10) return new Date(iso);
  const [year, month, day] = iso.split("-").map(Number);
  return new Date(year, month - 1, day);
}

/** @param {string} iso */
export function date(iso) {
  const day = dayOf(iso);
  return (day.getFullYear() === new Date().getFullYear() ? THIS_YEAR : ANY_YEAR).format(day);
}

/** @param {string} iso */
export const fullDate = (iso) => ANY_YEAR.format(dayOf(iso));
/** @param {string} iso */
export const clock = (iso) => CLOCK.format(new Date(iso));

/** The time of day of a clock somewhere. @param {string} time "14:30:00" */
export const timeOfDay = (time) => CLOCK.format(new Date(`2000-01-01T${time}`));

/** Today as a calendar day here. */
export function today() {
  const now = new Date();
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()]
    .map((n) => `${n}`.padStart(2, "0"))
    .join("-");
}

/**
 * Whole days from today; negative when it is past.
 * @param {string} iso
 */
export function daysUntil(iso) {
  return Math.round((dayOf(iso).getTime() - dayOf(today()).getTime()) / DAY_MS);
}

/** @param {string} iso */
export function inDays(iso) {
  const days = daysUntil(iso);
  if (days === 0) return "today";
  if (days === 1) return "tomorrow";
  if (days === -1) return "yesterday";
  return days > 0 ? `in ${days} days` : `${-days} days ago`;
}

/**
 * @param {string} iso
 * @param {number} [now]
 */
export function ago(iso, now = Date.now()) {
  const minutes = Math.floor((now - new Date(iso).getTime()) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes === 1) return "a minute ago";
  if (minutes < 60) return `${minutes} minutes ago`;
  const hours = Math.floor(minutes / 60);
  if (hours === 1) return "an hour ago";
  if (hours < 12) return `${hours} hours ago`;
  const days = -daysUntil(localDay(iso));
  if (days === 0) return `today at ${clock(iso)}`;
  if (days === 1) return `yesterday at ${clock(iso)}`;
  return `${date(localDay(iso))} at ${clock(iso)}`;
}

/** @param {string} iso an instant */
export function dayName(iso) {
  const days = -daysUntil(localDay(iso));
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return days < 7 ? LONG_DAY.format(new Date(iso)) : fullDate(localDay(iso));
}

/** @param {string} iso */
function localDay(iso) {
  const at = new Date(iso);
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()]
    .map((n) => `${n}`.padStart(2, "0"))
    .join("-");
}

/** @param {string} key */
export function words(key) {
  const text = key.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * "Withdrawn Nov 3"
 * @param {Record<string, any>} row
 * @param {string} status
 */
export const since = (row, status) =>
  row.contract_status_change_date ? `${status} ${date(row.contract_status_change_date)}` : "";

/**
 * "2 bd · 1 ba": what there is of these.
 * @param {readonly (string | null | undefined | false)[]} parts
 */
export const dotted = (parts) => parts.filter(Boolean).join(" · ");

/** @param {string} name */
export function initials(name) {
  const parts = name.trim().split(/\s+/);
  return (
    (parts[0]?.[0] ?? "?") + (parts.length > 1 ? (parts.at(-1)?.[0] ?? "") : "")
  ).toUpperCase();
}

/**
 * The text of a value, "" for none.
 * @param {Field} field
 * @param {any} value
 * @param {{between?: string, titled?: Titled}} [how] what stands between rows
 * @returns {string}
 */
export function show(field, value, { between = ", ", titled = () => "" } = {}) {
  if (value === null || value === undefined || value === "") return "";
  switch (field.type) {
    case "money":
      return money(Number(value));
    case "percent":
      return `${number(value)}%`;
    case "integer":
    case "decimal":
      return field.unit ? `${number(value)} ${field.unit}` : number(value);
    case "year":
      return `${value}`;
    case "date":
      return fullDate(value);
    case "time":
      return timeOfDay(value);
    case "rows":
      return value
        .map((/** @type {any} */ one) => field.item?.(one, titled) ?? `${one}`)
        .join(between);
    case "instant":
      return `${fullDate(localDay(value))}, ${clock(value)}`;
    case "flag":
      return value ? "Yes" : "No";
    case "choice":
      return field.choices?.find(({ key }) => key === value)?.label ?? words(`${value}`);
    case "names":
      return value.join(", ");
    case "contingencies":
      return value.map((/** @type {any} */ one) => `${words(one.type)} ${one.status}`).join(", ");
    default:
      return `${value}`;
  }
}
