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
export function readAll(session: Session, store: Store, kinds: readonly Kind[], { minSeq, signal }: {
    minSeq: number;
    signal: AbortSignal;
}, boardReady: () => void): Promise<void>;
/**
 * of record: as events and as paths name it
 */
export type Kind = {
    name: string;
    plural: string;
};
import type { Session } from "./session.js";
import type { Store } from "./store.js";
