/**
 * @typedef {object} Write
 * @property {string} op its idempotency key: sent twice, done once
 * @property {string} entity
 * @property {string} plural
 * @property {string} verb
 * @property {string} id of the record; the op itself for one that does not exist yet
 * @property {number} [version] the version it was based on
 * @property {Record<string, any>} [body]
 * @property {Record<string, any>} [shows] how the record looks with it, until the server says
 * @property {string} at
 * @property {boolean} [quiet] whoever asked for it says itself why it was refused
 * @property {boolean} [tried] it may have reached the server, so it must not change any more
 *
 * @typedef {object} Caller
 * @property {(row: Row) => void} resolve
 * @property {(problem: Refusal) => void} reject
 *
 * @typedef {object} Wire what sends; a Live is one
 * @property {boolean} connected
 * @property {(name: string, payload: object) => Promise<Envelope>} call
 * @property {(name: string, listener: () => void) => unknown} on told `ready` when it may be used
 */
/** Dispatches `change`, `done` {write, answer} and `refused` {write, refusal}. */
export class Outbox extends Emitter {
    /**
     * @param {Wire} wire
     * @param {string} owner whose writes these are; another person at this browser has others
     * @param {Shelf} shelf
     */
    constructor(wire: Wire, owner: string, shelf: Shelf);
    get size(): number;
    /** @param {string} id */
    pending(id: string): Write[];
    /** Records that exist only here so far. */
    newcomers(): Generator<Write, void, unknown>;
    /**
     * Resolves with the record as the server now has it.
     * @param {Pick<Write, "entity" | "plural" | "verb"> & Partial<Write>} write
     * @returns {Promise<Row>}
     */
    add(write: Pick<Write, "entity" | "plural" | "verb"> & Partial<Write>): Promise<Row>;
    #private;
}
export type Write = {
    /**
     * its idempotency key: sent twice, done once
     */
    op: string;
    entity: string;
    plural: string;
    verb: string;
    /**
     * of the record; the op itself for one that does not exist yet
     */
    id: string;
    /**
     * the version it was based on
     */
    version?: number | undefined;
    body?: Record<string, any> | undefined;
    /**
     * how the record looks with it, until the server says
     */
    shows?: Record<string, any> | undefined;
    at: string;
    /**
     * whoever asked for it says itself why it was refused
     */
    quiet?: boolean | undefined;
    /**
     * it may have reached the server, so it must not change any more
     */
    tried?: boolean | undefined;
};
export type Caller = {
    resolve: (row: Row) => void;
    reject: (problem: Refusal) => void;
};
/**
 * what sends; a Live is one
 */
export type Wire = {
    connected: boolean;
    call: (name: string, payload: object) => Promise<Envelope>;
    /**
     * told `ready` when it may be used
     */
    on: (name: string, listener: () => void) => unknown;
};
import { Emitter } from "./emitter.js";
import type { Row } from "./types.js";
import type { Shelf } from "./storage.js";
import { Refusal } from "./refusal.js";
import type { Envelope } from "./types.js";
