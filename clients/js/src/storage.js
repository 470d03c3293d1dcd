// @ts-check
/** Where a client keeps what must outlive it: localStorage, or something with the same methods. */

/**
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key"> & {readonly length: number}} Shelf
 */

/**
 * Keeps nothing beyond this process.
 * @returns {Shelf}
 */
export function memory() {
  /** @type {Map<string, string>} */
  const kept = new Map();
  return {
    get length() {
      return kept.size;
    },
    key: (index) => [...kept.keys()][index] ?? null,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, String(value)),
    removeItem: (key) => void kept.delete(key),
  };
}

/**
 * @param {Shelf} shelf
 * @param {string} prefix
 */
export function keysUnder(shelf, prefix) {
  const keys = Array.from({ length: shelf.length }, (_, index) => shelf.key(index) ?? "");
  return keys.filter((key) => key.startsWith(prefix));
}
