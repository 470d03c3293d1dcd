/**
 * Wait, but not longer than until the network is back.
 * @param {number} ms
 * @param {AbortSignal} signal
 */
export function pause(ms: number, signal: AbortSignal): Promise<any>;
/** What a browser knows about its network and its reader; elsewhere, nothing. */
/**
 * @typedef {object} Surroundings
 * @property {(wake: () => void, settle: () => void, signal: AbortSignal) => void} watch `wake` when
 *   it is time to look what was missed, `settle` when the network may have changed
 */
/** @type {Surroundings} */
export const surroundings: Surroundings;
export type Surroundings = {
    /**
     * `wake` when
     * it is time to look what was missed, `settle` when the network may have changed
     */
    watch: (wake: () => void, settle: () => void, signal: AbortSignal) => void;
};
