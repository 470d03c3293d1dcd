// @ts-check
/** Reads every record of the team, page by page, and keeps trying while the network is away. */

import { Refusal } from "./refusal.js";

/** @import { Session } from "./session.js" */
/** @import { Store } from "./store.js" */

const PAGE = 100;

/**
 * The board needs what is not archived first; the archive follows behind it.
 * @param {Session} session
 * @param {Store} store
 * @param {readonly {name: string, plural: string}[]} entities
 * @param {AbortSignal} signal
 * @param {() => void} boardReady
 */
export async function readAll(session, store, entities, signal, boardReady) {
  const epoch = store.renew();
  await Promise.all(entities.map((entity) => readPages(session, store, entity, false, signal)));
  boardReady();
  await Promise.all(entities.map((entity) => readPages(session, store, entity, true, signal)));
  store.sweep(epoch);
}

/**
 * @param {Session} session
 * @param {Store} store
 * @param {{name: string, plural: string}} entity
 * @param {boolean} archived
 * @param {AbortSignal} signal
 */
async function readPages(session, store, { name, plural }, archived, signal) {
  // In the order of creation a record added meanwhile lands on the last page: none is skipped.
  const query = new URLSearchParams({ limit: `${PAGE}`, sort: "created_at", order: "asc" });
  if (archived) query.set("archived", "true");
  do {
    const page = await patiently(
      () => session.ask("GET", `/v1/${plural}?${query}`, { signal }),
      signal,
    );
    store.pour(name, page.data);
    query.set("cursor", page.pagination?.next_cursor ?? "");
  } while (query.get("cursor"));
}

/**
 * @template T
 * @param {() => Promise<T>} task
 * @param {AbortSignal} signal
 */
async function patiently(task, signal) {
  for (let wait = 500; ; wait = Math.min(8_000, 2 * wait)) {
    try {
      return await task();
    } catch (problem) {
      if (signal.aborted || !(problem instanceof Refusal) || !problem.passes) throw problem;
      await pause(problem.retryMs || wait * (0.5 + Math.random()), signal);
    }
  }
}

/**
 * Wait, but not longer than until the network is back.
 * @param {number} ms
 * @param {AbortSignal} signal
 */
function pause(ms, signal) {
  return new Promise((go) => {
    const over = new AbortController();
    const done = () => (over.abort(), clearTimeout(timer), go(undefined));
    const timer = setTimeout(done, ms);
    addEventListener("online", done, { signal: over.signal });
    signal.addEventListener("abort", done, { signal: over.signal });
  });
}
