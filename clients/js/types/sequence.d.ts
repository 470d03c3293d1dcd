export class Sequence {
    /**
     * @param {(events: RoomEvent[]) => void} apply gets every event exactly once, in order
     * @param {() => void} ask is called when an event has been missing for too long
     */
    constructor(apply: (events: RoomEvent[]) => void, ask: () => void);
    seq: number;
    hash: string;
    /** False until the data this position belongs to has been asked for. */
    placed: boolean;
    /** The data now stands at this point; what came before it is of no interest any more.
     * @param {number} seq
     * @param {string} hash */
    start(seq: number, hash: string): void;
    /** @param {RoomEvent[]} events */
    take(events: RoomEvent[]): void;
    forget(): void;
    get gap(): boolean;
    /** Still missing something after an answer: wait once more, then ask once more. */
    watch(): void;
    #private;
}
import type { RoomEvent } from "./types.js";
