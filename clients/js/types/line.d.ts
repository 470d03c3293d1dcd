/**
 * @typedef {object} Ear
 * @property {() => Promise<object | null>} introduce who we are; null while nobody can say
 * @property {(hello: any) => void} hello
 * @property {Record<string, (body: any) => void>} events what the server says, by name
 * @property {() => void} lost
 * @property {() => void} evicted the server sent us away; coming back or not is not for the line
 * @property {(code: string, message: string) => "again" | "never"} refused
 *
 * @typedef {(url: string | undefined, options: object) => any} Io socket.io-client's `io`
 */
export class Line {
    /**
     * @param {Ear} ear
     * @param {Io} io
     * @param {string | undefined} url
     * @param {string[]} [transports]
     */
    constructor(ear: Ear, io: Io, url: string | undefined, transports?: string[]);
    /** Connected, and the server has said hello. */
    get open(): boolean;
    start(): void;
    stop(): void;
    /** Let a line go that is of no use any more; it is dialled again at once. */
    drop(): void;
    /** Do not wait for the next try, nor for one that may hang. */
    hurry(): void;
    /**
     * A command and its envelope; a Refusal when it is refused, or OFFLINE when nobody knows.
     * @param {string} name
     * @param {object} payload
     * @param {number} limit
     */
    call(name: string, payload: object, limit: number): Promise<import("./types.js").Envelope>;
    /**
     * Dial again when we were told to, else after a growing wait; never all clients at the same moment.
     * @param {number} [told]
     */
    retry(told?: number): void;
    #private;
}
export type Ear = {
    /**
     * who we are; null while nobody can say
     */
    introduce: () => Promise<object | null>;
    hello: (hello: any) => void;
    /**
     * what the server says, by name
     */
    events: Record<string, (body: any) => void>;
    lost: () => void;
    /**
     * the server sent us away; coming back or not is not for the line
     */
    evicted: () => void;
    refused: (code: string, message: string) => "again" | "never";
};
/**
 * socket.io-client's `io`
 */
export type Io = (url: string | undefined, options: object) => any;
