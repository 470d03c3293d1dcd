// @ts-check
/**
 * The shapes that travel on the wire and through the page.
 *
 * @typedef {Record<string, any> & {id: string, version: number}} Row
 * @typedef {{id: string, name: string}} Person
 * @typedef {{field?: string, message?: string, code?: string, [key: string]: any}} Detail
 *
 * @typedef {object} RoomEvent
 * @property {string} t team
 * @property {number} s place in the team's sequence
 * @property {string} h chain hash after it
 * @property {string} at instant
 * @property {string} k kind, "listing.updated"; "-" where the content is not for us
 * @property {string} e entity
 * @property {string} id
 * @property {number} ver
 * @property {Person} a who
 * @property {string | null} [op]
 * @property {number} [i]
 * @property {number} [n]
 * @property {Record<string, [any, any]>} [ch]
 * @property {Row} [d]
 * @property {boolean} [ref]
 * @property {string} [label] what people call the record, where `d` is left out
 *
 * @typedef {object} Envelope
 * @property {boolean} success
 * @property {any} [data]
 * @property {any} [pagination]
 * @property {any} [stats]
 * @property {any} [meta]
 * @property {{code: string, message: string, details?: Detail[], retry_ms?: number}} [error]
 */
export {};
