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
export function request(method: string, address: string, { token, body, key, minSeq, signal }?: Asked): Promise<import("./types.js").Envelope>;
export type Asked = {
    token?: string | undefined;
    body?: unknown;
    key?: string | undefined;
    /**
     * the answer has seen at least this event
     */
    minSeq?: number | undefined;
    signal?: AbortSignal | undefined;
};
