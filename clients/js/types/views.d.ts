/**
 * @typedef {{k: "row.enter" | "row.change", id: string, index: number, d: Row}} Placed
 * @typedef {{k: "row.leave", id: string}} Left
 * @typedef {{k: "stats.delta", stats: Record<string, [any, any]>}} Counted
 *
 * @typedef {object} Change
 * @property {string} view
 * @property {number} s
 * @property {number} total
 * @property {(Placed | Left | Counted)[]} changes
 * @property {any} [pagination]
 * @property {{code: string, message: string}} [closed] it may not be read any more
 */
/** Dispatches `change` {changes}, and `refused` {refusal} when it may not, or no more, be read. */
export class View extends Emitter {
    /**
     * @param {string} list the list's command, "escrows:list"
     * @param {Record<string, any>} params
     * @param {(view: View) => void} close
     */
    constructor(list: string, params: Record<string, any>, close: (view: View) => void);
    /** @type {Row[]} */ rows: Row[];
    /** What each row is known by, in the same order. @type {string[]} */ ids: string[];
    total: number;
    /** @type {Record<string, any>} */ stats: Record<string, any>;
    /** @type {any} */ pagination: any;
    /** The event up to which it is right. */
    seq: number;
    /** It is what the server has; false before it is opened and while the line is lost. */
    current: boolean;
    id: string;
    list: string;
    params: Record<string, any>;
    close(): void;
    /** @param {{s: number, ids?: string[], rows: Row[], total: number, stats?: any, pagination?: any}} answer */
    begin({ s, rows, ids, total, stats, pagination }: {
        s: number;
        ids?: string[];
        rows: Row[];
        total: number;
        stats?: any;
        pagination?: any;
    }): void;
    /** @param {Change} change */
    take(change: Change): void;
    lose(): void;
    #private;
}
/** Opens views, and opens them again after each hello: they live as long as a connection. */
export class Views {
    /** @param {Live} live */
    constructor(live: Live);
    /** What the server's `view` events go to. @param {Change} change */
    hear(change: Change): void;
    /**
     * Resolves with the first rows; a Refusal where the query is not one.
     * @param {string} list
     * @param {Record<string, any>} [params]
     * @returns {Promise<View>}
     */
    open(list: string, params?: Record<string, any>): Promise<View>;
    #private;
}
export type Placed = {
    k: "row.enter" | "row.change";
    id: string;
    index: number;
    d: Row;
};
export type Left = {
    k: "row.leave";
    id: string;
};
export type Counted = {
    k: "stats.delta";
    stats: Record<string, [any, any]>;
};
export type Change = {
    view: string;
    s: number;
    total: number;
    changes: (Placed | Left | Counted)[];
    pagination?: any;
    /**
     * it may not be read any more
     */
    closed?: {
        code: string;
        message: string;
    } | undefined;
};
import { Emitter } from "./emitter.js";
import type { Row } from "./types.js";
import type { Live } from "./live.js";
