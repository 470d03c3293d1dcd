/** An EventTarget with a shorter way to listen. */
export class Emitter extends EventTarget {
    /**
     * Hear what comes under this name; the answer ends it.
     * @param {string} name
     * @param {(detail: any) => void} listener
     * @returns {() => void}
     */
    on(name: string, listener: (detail: any) => void): () => void;
    /**
     * @param {string} name
     * @param {unknown} [detail]
     */
    tell(name: string, detail?: unknown): void;
}
