/**
 * The digest of docs/protocol.md, or null where there is no crypto.subtle.
 * @param {Iterable<Here>} here
 */
export function digestOf(here: Iterable<Here>): Promise<string | null>;
/** @import { Live } from "./live.js" */
/**
 * @typedef {object} Here one connection of somebody
 * @property {string} conn
 * @property {{id: string, name: string}} user
 * @property {string} state "viewing", "editing", "idle" or "online"
 * @property {string} [record] "listing:<id>"
 * @property {string} [field]
 * @property {string} [since]
 * @property {string} [inst]
 *
 * @typedef {object} Step
 * @property {number} pv
 * @property {string} run
 * @property {number} n
 * @property {boolean} [full]
 * @property {boolean} [large]
 * @property {boolean} [partial]
 * @property {Here[]} [join]
 * @property {Here[]} [upd]
 * @property {string[]} [leave]
 *
 * @typedef {{state: string, record?: string, field?: string}} Doing
 */
/** Dispatches `change`. */
export class Presence extends Emitter {
    /** @param {Live} live */
    constructor(live: Live);
    /** By connection. @type {Map<string, Here>} */ here: Map<string, Here>;
    /** How many connections there are; in a `large` team more than `here` holds. */
    count: number;
    large: boolean;
    /** The servers do not hear of each other just now. */
    partial: boolean;
    /** Who looks at a record, this connection left out. @param {string} record */
    of(record: string): Here[];
    /**
     * Say what is being done here; said again by itself after a lost line. Who edits says so again
     * every ten seconds while typing: the answer's `lease` tells who was first at the field, and stops
     * nobody.
     * @param {Doing} doing
     * @returns {Promise<any>}
     */
    set(doing: Doing): Promise<any>;
    /** Ask for everybody. */
    read(): Promise<void>;
    /** What the server's `presence` events go to. @param {Step} step */
    hear(step: Step): void;
    /** What the server's `presence.digest` goes to. @param {{pv: number, run: string, digest: string}} told */
    check({ pv, run, digest }: {
        pv: number;
        run: string;
        digest: string;
    }): Promise<void>;
    #private;
}
/**
 * one connection of somebody
 */
export type Here = {
    conn: string;
    user: {
        id: string;
        name: string;
    };
    /**
     * "viewing", "editing", "idle" or "online"
     */
    state: string;
    /**
     * "listing:<id>"
     */
    record?: string | undefined;
    field?: string | undefined;
    since?: string | undefined;
    inst?: string | undefined;
};
export type Step = {
    pv: number;
    run: string;
    n: number;
    full?: boolean | undefined;
    large?: boolean | undefined;
    partial?: boolean | undefined;
    join?: Here[] | undefined;
    upd?: Here[] | undefined;
    leave?: string[] | undefined;
};
export type Doing = {
    state: string;
    record?: string;
    field?: string;
};
import { Emitter } from "./emitter.js";
import type { Live } from "./live.js";
