// @ts-check
/** A request that was refused or never arrived, with the server's code and details. */

/** @import { Detail, Envelope } from "./types.js" */

const PASSING = new Set(["OFFLINE", "UNAVAILABLE", "RATE_LIMITED", "TOKEN_EXPIRED"]);

export class Refusal extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {Detail[]} [details]
   * @param {number} [retryMs]
   */
  constructor(code, message, details = [], retryMs = 0) {
    super(message);
    this.code = code;
    this.details = details;
    this.retryMs = retryMs;
  }

  /** Trying the same thing again later is right. */
  get passes() {
    return PASSING.has(this.code);
  }

  /** The message for each field the server named. */
  get fields() {
    /** @type {Record<string, string>} */
    const named = {};
    for (const { field, message } of this.details)
      if (field) named[field] ??= message ?? this.message;
    return named;
  }
}

export const offline = () => new Refusal("OFFLINE", "The server cannot be reached right now.");

/**
 * The envelope itself when it says success; otherwise its error, thrown.
 * @param {Envelope} envelope
 */
export function opened(envelope) {
  if (envelope?.success) return envelope;
  const error = envelope?.error;
  throw new Refusal(
    error?.code ?? "INTERNAL",
    error?.message ?? "The server gave an answer we do not understand.",
    error?.details ?? [],
    error?.retry_ms ?? 0,
  );
}
