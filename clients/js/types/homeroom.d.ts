/** @import { Io } from "./line.js" */
/** @import { Kind } from "./loader.js" */
/** @import { Write } from "./outbox.js" */
/** @import { Refusal } from "./refusal.js" */
/** @import { Session } from "./session.js" */
/** @import { Shelf } from "./storage.js" */
/** @import { Surroundings } from "./surroundings.js" */
/** @import { Envelope, RoomEvent, Row } from "./types.js" */
/** @type {readonly (Kind & {start?: Record<string, any>})[]} */
export const KINDS: readonly (Kind & {
    start?: Record<string, any>;
})[];
/**
 * @typedef {object} Options
 * @property {Session} session somebody who is signed in
 * @property {Io} io socket.io-client's
 * @property {Shelf} [storage] keeps unsent writes; localStorage in a browser, else this process
 * @property {readonly (Kind & {start?: Record<string, any>})[]} [kinds] which records to hold
 * @property {string} [client] what calls itself what; nothing depends on it
 * @property {string} [inst] the tab's or process's name, the same over reconnects and reloads
 * @property {string[]} [transports]
 * @property {Surroundings} [around]
 */
/**
 * Dispatches
 * - `change` when records look different, `loaded` when all of them are here;
 * - `events` {events, live}: each event of the team once, in order; `live` false while catching up;
 * - `state` and `reload` {mode};
 * - `done` {write, answer}, `refused` {write, refusal}, and before it, where a colleague changed the
 *   same field, `conflict` with the same: what was shown is rolled back already;
 * - `unreadable` {problem} when the lists are refused.
 */
export class Homeroom extends Emitter {
    /** @param {Options} options */
    constructor({ session, io, storage, kinds, ...means }: Options);
    ready: boolean;
    session: Session;
    store: Store;
    live: Live;
    outbox: Outbox;
    views: Views;
    presence: Presence;
    /** "connecting", "catching", "live", "offline" or "refused". */
    get state(): import("./live.js").State;
    /** The last event applied. */
    get seq(): number;
    /** Resolves when every list has been read; what happens from then on is told. */
    start(): Promise<this>;
    /** @returns {Promise<this>} */
    loaded(): Promise<this>;
    stop(): void;
    /**
     * Hold the records of a kind that was left for later, from now on.
     * @param {string} plural
     */
    hold(plural: string): Promise<void>;
    /**
     * Whether the records of a kind are here.
     * @param {string} plural
     */
    holds(plural: string): boolean;
    /**
     * One record with what is still on its way drawn over it.
     * @param {string} plural
     * @param {string} id
     */
    get(plural: string, id: string): Row | undefined;
    /**
     * All records of a kind, new ones that are still to be sent with them.
     * @param {string} plural
     * @returns {Row[]}
     */
    all(plural: string): Row[];
    /**
     * Shown at once, sent now or as soon as there is a line; resolves with the record as the server
     * has it, rejects with the Refusal after which it looks as before.
     * @param {string} plural
     * @param {string} verb
     * @param {Partial<Write>} write
     */
    send(plural: string, verb: string, write: Partial<Write>): Promise<Row>;
    /**
     * @param {string} plural
     * @param {Record<string, any>} body
     */
    create(plural: string, body: Record<string, any>): Promise<Row>;
    /**
     * Based on the version shown here: others' changes of other fields stay, of the same conflict.
     * @param {string} plural
     * @param {string} id
     * @param {Record<string, any>} body
     */
    update(plural: string, id: string, body: Record<string, any>): Promise<Row>;
    /**
     * @param {string} plural
     * @param {string} id
     */
    remove(plural: string, id: string): Promise<Row>;
    /**
     * Any command of docs/protocol.md; not kept while there is no line.
     * @param {string} name
     * @param {object} [payload]
     */
    call(name: string, payload?: object): Promise<Envelope>;
    /**
     * A list that stays right by itself; see View.
     * @param {string} plural
     * @param {Record<string, any>} [params] as the list's query
     */
    view(plural: string, params?: Record<string, any>): Promise<import("./views.js").View>;
    /**
     * Read one record as it is now.
     * @param {string} plural
     * @param {string} id
     * @returns {Promise<Row>}
     */
    read(plural: string, id: string): Promise<Row>;
    #private;
}
export type Options = {
    /**
     * somebody who is signed in
     */
    session: Session;
    /**
     * socket.io-client's
     */
    io: Io;
    /**
     * keeps unsent writes; localStorage in a browser, else this process
     */
    storage?: Shelf | undefined;
    /**
     * which records to hold
     */
    kinds?: readonly (Kind & {
        start?: Record<string, any>;
    })[] | undefined;
    /**
     * what calls itself what; nothing depends on it
     */
    client?: string | undefined;
    /**
     * the tab's or process's name, the same over reconnects and reloads
     */
    inst?: string | undefined;
    transports?: string[] | undefined;
    around?: Surroundings | undefined;
};
import type { Kind } from "./loader.js";
import { Emitter } from "./emitter.js";
import type { Session } from "./session.js";
import { Store } from "./store.js";
import { Live } from "./live.js";
import { Outbox } from "./outbox.js";
import { Views } from "./views.js";
import { Presence } from "./presence.js";
import type { Row } from "./types.js";
import type { Write } from "./outbox.js";
import type { Envelope } from "./types.js";
import type { Io } from "./line.js";
import type { Shelf } from "./storage.js";
import type { Surroundings } from "./surroundings.js";
