// @ts-check
/** Reads every record of the team, page by page, and keeps trying while the network is away. */

import { Refusal } from "./refusal.js";
import { pause } from "./surroundings.js";

/** @import { Session } from "./session.js" */
/** @import { Store } from "./store.js" */

/**
 * A kind of record, as events and as paths name it; `later` it is read when somebody asks for it.
 * @typedef {{name: string, plural: string, later?: boolean}} Kind
 */

const PAGE = 100;

/**
 * A board needs what is not archived first; the archive follows behind it.
 * @param {Session} session
 * @param {Store} store
 * @param {readonly Kind[]} kinds
 * @param {object} how
 * @param {number} how.minSeq our place: a list from before it would miss what came in between
 * @param {AbortSignal} how.signal
 * @param {() => void} boardReady
 */
export async function readAll(session, store, kinds, how, boardReady) {
  const epoch = store.renew();
  await readKinds(session, store, kinds, how, boardReady);
  store.sweep(epoch);
}

/**
 * The same, beside what is here already.
 * @param {Session} session
 * @param {Store} store
 * @param {readonly Kind[]} kinds
 * @param {{minSeq: number, signal: AbortSignal}} how
 * @param {() => void} boardReady
 */
export async function readKinds(session, store, kinds, { minSeq, signal }, boardReady) {
  const read = (/** @type {Kind} */ kind, /** @type {boolean} */ archived) =>
    readPages(session, store, kind, { archived, minSeq, signal });
  await Promise.all(kinds.map((kind) => read(kind, false)));
  boardReady();
  await Promise.all(kinds.map((kind) => read(kind, true)));
}

/**
 * @param {Session} session
 * @param {Store} store
 * @param {Kind} kind
 * @param {{archived: boolean, minSeq: number, signal: AbortSignal}} how
 */
async function readPages(session, store, { name, plural }, { archived, minSeq, signal }) {
  // In the order of creation a record added meanwhile lands on the last page: none is skipped.
  const query = new URLSearchParams({ limit: `${PAGE}`, sort: "created_at", order: "asc" });
  if (archived) query.set("archived", "true");
  do {
    const page = await patiently(
      () => session.ask("GET", `/v1/${plural}?${query}`, { signal, minSeq }),
      signal,
    );
    store.pour(name, page.data, page.meta?.as_of_seq);
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
