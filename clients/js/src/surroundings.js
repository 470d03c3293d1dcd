// @ts-check
/** What a browser knows about its network and its reader; elsewhere, nothing. */

/**
 * @typedef {object} Surroundings
 * @property {(wake: () => void, settle: () => void, signal: AbortSignal) => void} watch `wake` when
 *   it is time to look what was missed, `settle` when the network may have changed
 */

/** @type {Surroundings} */
export const surroundings = {
  watch(wake, settle, signal) {
    if (typeof document === "undefined") return;
    addEventListener("online", wake, { signal });
    addEventListener("offline", settle, { signal });
    addEventListener("pageshow", ({ persisted }) => persisted && wake(), { signal });
    document.addEventListener("visibilitychange", () => !document.hidden && wake(), { signal });
  },
};

/**
 * Wait, but not longer than until the network is back.
 * @param {number} ms
 * @param {AbortSignal} signal
 */
export function pause(ms, signal) {
  return new Promise((go) => {
    const over = new AbortController();
    const done = () => (over.abort(), clearTimeout(timer), go(undefined));
    const timer = setTimeout(done, ms);
    // Node has events and no network to tell of.
    globalThis.addEventListener?.("online", done, { signal: over.signal });
    signal.addEventListener("abort", done, { signal: over.signal });
  });
}
