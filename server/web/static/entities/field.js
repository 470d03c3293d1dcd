// @ts-check
/** What a field of a record is: its label, how it is shown, typed and spoken of. */

/**
 * @typedef {"text" | "long" | "email" | "phone" | "link" | "names"} Words
 * @typedef {"money" | "percent" | "integer" | "decimal" | "year"} Numbers
 * @typedef {Words | Numbers | "date" | "time" | "instant" | "flag" | "choice" | "rows" | "contingencies"} Kind
 * @typedef {{key: string, label: string}} Choice
 * @typedef {(entity: string, id: string) => string} Titled what a record is called, if it is known
 *
 * @typedef {object} Field
 * @property {string} name
 * @property {string} label
 * @property {Kind} type
 * @property {string} [said] in the middle of a sentence, where the label in lower case is wrong
 * @property {string} [unit]
 * @property {(one: any, titled: Titled) => string} [item] one of its rows in a few words
 * @property {readonly Choice[]} [choices]
 * @property {boolean} [fixed] shown, never typed
 * @property {boolean} [required]
 * @property {string} [hint]
 *
 * @typedef {{title: string, fields: Field[]}} Group
 */

/**
 * @param {string} name
 * @param {string} label
 * @param {Kind} [type]
 * @param {Partial<Field>} [more]
 * @returns {Field}
 */
export const field = (name, label, type = "text", more = {}) => ({ name, label, type, ...more });

/**
 * @param {Record<string, string>} labels
 * @returns {Choice[]}
 */
export const choices = (labels) => Object.entries(labels).map(([key, label]) => ({ key, label }));

/** @type {readonly Choice[]} */
export const PROPERTY_TYPES = [
  "Single Family",
  "Condo",
  "Townhouse",
  "Multi-Family",
  "Land",
  "Commercial",
].map((key) => ({ key, label: key }));
export const COMMISSION_TYPES = choices({ percentage: "Percentage", flat: "Flat amount" });
/** Its choices are the members of the team, known only in the room. */
export const OWNER = field("owner_id", "Agent", "choice", { required: true, said: "agent" });
/** Its agent and those above decide about it. */
export const PRIVATE = field("is_private", "Private", "flag", {
  required: true,
  said: "privacy",
  hint: "A private record is seen by its agent and by team leads only.",
});

/**
 * The name of a field in the middle of a sentence: "list price", but "MLS number".
 * @param {Field} field
 */
export function spoken({ said, label }) {
  return said ?? label.replace(/(^|\s)([A-Z])(?=[a-z])/g, (letter) => letter.toLowerCase());
}

/**
 * What somebody typed, as the wire wants it; throws the sentence to show beside the field.
 * @param {Field} field
 * @param {string} typed
 */
export function read(field, typed) {
  const text = typed.trim();
  if (text === "") {
    if (field.required) throw new Error(`${field.label} is needed.`);
    return field.type === "names" ? [] : null;
  }
  switch (field.type) {
    case "money":
    case "decimal":
    case "percent":
      return amount(text);
    case "integer":
    case "year":
      return whole(text);
    case "flag":
      return text === "true";
    case "names":
      return text
        .split("\n")
        .map((name) => name.trim())
        .filter(Boolean);
    case "time":
      return text.length === 5 ? `${text}:00` : text;
    default:
      return text;
  }
}

/**
 * The value as it stands in the editor.
 * @param {Field} field
 * @param {any} value
 */
export function typed(field, value) {
  if (value === null || value === undefined) return "";
  if (field.type === "names") return value.join("\n");
  if (field.type === "money") return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
  return `${value}`;
}

/** @param {string} text "450,000", "$450k" and "1.2m" are all what an agent types */
function amount(text) {
  const match = /^\$?\s*([\d,]*\.?\d+|[\d,]+\.?)\s*([km%]?)$/i.exec(text);
  if (!match) throw new Error("Type a number, such as 450,000.");
  const scale = { k: 1_000, m: 1_000_000 }[match[2].toLowerCase()] ?? 1;
  return Math.round(Number(match[1].replaceAll(",", "")) * scale * 1000) / 1000;
}

/** @param {string} text */
function whole(text) {
  const plain = text.replaceAll(",", "");
  if (!/^\d+$/.test(plain)) throw new Error("Type a whole number.");
  return Number(plain);
}
