/**
 * The envelope itself when it says success; otherwise its error, thrown.
 * @param {Envelope} envelope
 */
export function opened(envelope: Envelope): Envelope;
export class Refusal extends Error {
    /**
     * @param {string} code
     * @param {string} message
     * @param {Detail[]} [details]
     * @param {number} [retryMs]
     */
    constructor(code: string, message: string, details?: Detail[], retryMs?: number);
    code: string;
    details: Detail[];
    retryMs: number;
    /** Trying the same thing again later is right. */
    get passes(): boolean;
    /** The message for each field the server named. */
    get fields(): Record<string, string>;
}
export function offline(): Refusal;
import type { Envelope } from "./types.js";
import type { Detail } from "./types.js";
