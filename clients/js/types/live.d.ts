/**
 * @typedef {"connecting" | "catching" | "live" | "offline" | "refused"} State
 * @typedef {"live" | "replay" | "snapshot" | "resync" | "denied"} Mode
 * @typedef {{team: string, head: number, h: string, mode: Mode, from?: number, to?: number}} Place
 *
 * @typedef {object} Credentials whose line it is; a Session is one
 * @property {{id: string} | null} team
 * @property {() => Promise<string>} token an access token that is good now
 * @property {() => void} distrust the server refused the token: the next one asked for is new
 * @property {string} [url]
 *
 * @typedef {object} Sink
 * @property {(events: RoomEvent[], live: boolean) => void} apply gets each event once, in order
 * @property {(mode: "snapshot" | "resync") => Promise<void>} reload until the lists are whole
 *
 * @typedef {object} Means
 * @property {Io} io
 * @property {string} [client] what calls itself what; nothing depends on it
 * @property {string} [inst] the tab's or process's name, the same over reconnects and reloads
 * @property {string[]} [transports]
 * @property {Surroundings} [around]
 * @property {Record<string, (body: any) => void>} [events] what else the server may say
 */
/**
 * Dispatches `state` on each change, `ready` {hello} after each hello, and `modes`: how the server
 * judged where we stand.
 */
export class Live extends Emitter {
    /**
     * @param {Credentials} credentials
     * @param {Sink} sink
     * @param {Means} means
     */
    constructor(credentials: Credentials, sink: Sink, means: Means);
    /** @type {State} */ state: State;
    reason: string;
    /** The server itself has lost sight of its database: what is shown may be old. */
    stale: boolean;
    /** What hello told. @type {any} */ hello: any;
    get seq(): number;
    get hash(): string;
    get connected(): boolean;
    start(): void;
    stop(): void;
    /** Back on the network or in front of somebody's eyes: find out at once what was missed. */
    wake(): void;
    /** As if the network had failed; what follows is what follows then. */
    drop(): void;
    /**
     * @param {string} name
     * @param {object} payload
     * @returns {Promise<Envelope>}
     */
    call(name: string, payload: object, limit?: number): Promise<Envelope>;
    /** Ask for everything after the last event we hold, on the same socket. */
    resume(): Promise<void>;
    /** Read the lists again, without losing our place: what we may see has changed. */
    reread(): Promise<void>;
    #private;
}
export type State = "connecting" | "catching" | "live" | "offline" | "refused";
export type Mode = "live" | "replay" | "snapshot" | "resync" | "denied";
export type Place = {
    team: string;
    head: number;
    h: string;
    mode: Mode;
    from?: number;
    to?: number;
};
/**
 * whose line it is; a Session is one
 */
export type Credentials = {
    team: {
        id: string;
    } | null;
    /**
     * an access token that is good now
     */
    token: () => Promise<string>;
    /**
     * the server refused the token: the next one asked for is new
     */
    distrust: () => void;
    url?: string | undefined;
};
export type Sink = {
    /**
     * gets each event once, in order
     */
    apply: (events: RoomEvent[], live: boolean) => void;
    /**
     * until the lists are whole
     */
    reload: (mode: "snapshot" | "resync") => Promise<void>;
};
export type Means = {
    io: Io;
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
    /**
     * what else the server may say
     */
    events?: Record<string, (body: any) => void> | undefined;
};
import { Emitter } from "./emitter.js";
import type { Envelope } from "./types.js";
import type { RoomEvent } from "./types.js";
import type { Io } from "./line.js";
import type { Surroundings } from "./surroundings.js";
