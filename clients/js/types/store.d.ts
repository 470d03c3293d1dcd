/** @import { RoomEvent, Row } from "./types.js" */
/** Dispatches `change` with the set of ids that changed. */
export class Store extends Emitter {
    /**
     * @param {string} entity
     * @param {string} id
     */
    get(entity: string, id: string): Row | undefined;
    /**
     * Every record of a kind; the same array until one of them changes.
     * @param {string} entity
     */
    all(entity: string): Row[];
    /**
     * @param {string} entity
     * @param {Row[]} rows
     * @param {number} [asOf] the last event that whoever read them had seen
     */
    pour(entity: string, rows: Row[], asOf?: number): void;
    /** Apply one event; true when it needs the record fetched because it came without it.
     * @param {RoomEvent} event */
    apply({ s, e, id, ver, k, d, ref }: RoomEvent): boolean;
    /** Start replacing everything; what is not poured again before `sweep` goes then, not now. */
    renew(): number;
    /** @param {number} epoch */
    sweep(epoch: number): void;
    /** The history we followed is not the server's (a restore, a failover): nothing here counts. */
    clear(): void;
    #private;
}
import { Emitter } from "./emitter.js";
import type { Row } from "./types.js";
import type { RoomEvent } from "./types.js";
