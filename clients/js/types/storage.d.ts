/** Where a client keeps what must outlive it: localStorage, or something with the same methods. */
/**
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key"> & {readonly length: number}} Shelf
 */
/**
 * Keeps nothing beyond this process.
 * @returns {Shelf}
 */
export function memory(): Shelf;
/**
 * @param {Shelf} shelf
 * @param {string} prefix
 */
export function keysUnder(shelf: Shelf, prefix: string): string[];
export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key"> & {
    readonly length: number;
};
