/**
 * @typedef {{id: string, email: string, full_name: string}} User
 * @typedef {{id: string, name: string, role: string}} Team
 */
/** Dispatches `started` and `ended`. */
export class Session extends Emitter {
    /** @param {{url?: string, storage?: Shelf}} [options] a page of the server needs no address */
    constructor({ url, storage }?: {
        url?: string;
        storage?: Shelf;
    });
    /** @type {User | null} */ user: User | null;
    /** @type {Team | null} */ team: Team | null;
    /** @type {string[]} what the role and our permissions allow, see docs/rights.md */ rights: string[];
    url: string;
    get remembered(): boolean;
    get canWrite(): boolean;
    get leads(): boolean;
    /** @param {{email: string, password: string}} form */
    signIn(form: {
        email: string;
        password: string;
    }): Promise<void>;
    /** @param {{email: string, password: string, full_name: string, team_name: string}} form */
    register(form: {
        email: string;
        password: string;
        full_name: string;
        team_name: string;
    }): Promise<void>;
    /** @param {{token: string, full_name: string, password: string}} form */
    accept(form: {
        token: string;
        full_name: string;
        password: string;
    }): Promise<void>;
    /** Come back after a reload. */
    resume(): Promise<void>;
    signOut(): Promise<void>;
    /** On every device, in every team; a Refusal when the server does not hear of it. */
    signOutEverywhere(): Promise<void>;
    /** A token good for at least a minute. */
    token(): Promise<string>;
    /** Our role may have changed. */
    renew(): Promise<void>;
    /** The server refused the token we hold; the next one asked for is new. */
    distrust(): void;
    /**
     * @param {string} method
     * @param {string} path
     * @param {Omit<Asked, "token">} [options]
     */
    ask(method: string, path: string, options?: Omit<Asked, "token">): Promise<import("./types.js").Envelope>;
    #private;
}
export type User = {
    id: string;
    email: string;
    full_name: string;
};
export type Team = {
    id: string;
    name: string;
    role: string;
};
import { Emitter } from "./emitter.js";
import type { Asked } from "./request.js";
import type { Shelf } from "./storage.js";
