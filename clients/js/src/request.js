// @ts-check
/** One REST request: JSON in, envelope out, every failure a Refusal. */

import { Refusal, offline, opened } from "./refusal.js";

const TIMEOUT_MS = 15_000;

/**
 * @typedef {object} Asked
 * @property {string} [token]
 * @property {unknown} [body]
 * @property {string} [key]
 * @property {number} [minSeq] the answer has seen at least this event
 * @property {AbortSignal} [signal]
 */

/**
 * @param {string} method
 * @param {string} address
 * @param {Asked} [options]
 */
export async function request(method, address, { token, body, key, minSeq, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (key) headers["Idempotency-Key"] = key;
  if (minSeq) headers["X-Min-Seq"] = `${minSeq}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";

  const limit = AbortSignal.timeout(TIMEOUT_MS);
  let response;
  let text;
  try {
    response = await fetch(address, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      credentials: "omit",
    });
    text = await response.text();
  } catch {
    throw signal?.aborted ? new Refusal("ABORTED", "No longer needed.") : offline();
  }
  if (response.ok && text === "") return { success: true };
  try {
    return opened(JSON.parse(text));
  } catch (problem) {
    if (problem instanceof Refusal) {
      problem.retryMs ||= 1000 * Number(response.headers.get("Retry-After") ?? 0);
      throw problem;
    }
    // A proxy's error page, not ours: gateway errors pass, the rest do not.
    throw new Refusal(
      response.status >= 502 ? "UNAVAILABLE" : "INTERNAL",
      `The server answered ${response.status}.`,
    );
  }
}
