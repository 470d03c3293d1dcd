// @ts-check
/** One REST request: JSON in, envelope out, every failure a Refusal. */

import { Refusal, offline, opened } from "./refusal.js";

const TIMEOUT_MS = 15_000;

/**
 * @param {string} method
 * @param {string} path
 * @param {{token?: string, body?: unknown, key?: string, signal?: AbortSignal}} [options]
 */
export async function request(method, path, { token, body, key, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (key) headers["Idempotency-Key"] = key;
  if (body !== undefined) headers["Content-Type"] = "application/json";

  const limit = AbortSignal.timeout(TIMEOUT_MS);
  let response;
  let text;
  try {
    response = await fetch(path, {
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

/** A random id, also where the page comes over plain HTTP and crypto.randomUUID is missing. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}
