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
export function readAll(session: Session, store: Store, kinds: readonly Kind[], how: {
    minSeq: number;
    signal: AbortSignal;
}, boardReady: () => void): Promise<void>;
/**
 * The same, beside what is here already.
 * @param {Session} session
 * @param {Store} store
 * @param {readonly Kind[]} kinds
 * @param {{minSeq: number, signal: AbortSignal}} how
 * @param {() => void} boardReady
 */
export function readKinds(session: Session, store: Store, kinds: readonly Kind[], { minSeq, signal }: {
    minSeq: number;
    signal: AbortSignal;
}, boardReady: () => void): Promise<void>;
/**
 * A kind of record, as events and as paths name it; `later` it is read when somebody asks for it.
 */
export type Kind = {
    name: string;
    plural: string;
    later?: boolean;
};
import type { Session } from "./session.js";
import type { Store } from "./store.js";
