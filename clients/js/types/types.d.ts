/**
 * The shapes that travel on the wire and through the page.
 */
export type Row = Record<string, any> & {
    id: string;
    version: number;
};
/**
 * The shapes that travel on the wire and through the page.
 */
export type Person = {
    id: string;
    name: string;
};
/**
 * The shapes that travel on the wire and through the page.
 */
export type Detail = {
    field?: string;
    message?: string;
    code?: string;
    [key: string]: any;
};
/**
 * The shapes that travel on the wire and through the page.
 */
export type RoomEvent = {
    /**
     * team
     */
    t: string;
    /**
     * place in the team's sequence
     */
    s: number;
    /**
     * chain hash after it
     */
    h: string;
    /**
     * instant
     */
    at: string;
    /**
     * kind, "listing.updated"; "-" where the content is not for us
     */
    k: string;
    /**
     * entity
     */
    e: string;
    id: string;
    ver: number;
    /**
     * who
     */
    a: Person;
    op?: string | null | undefined;
    i?: number | undefined;
    n?: number | undefined;
    ch?: Record<string, [any, any]> | undefined;
    d?: Row | undefined;
    ref?: boolean | undefined;
    /**
     * what people call the record, where `d` is left out
     */
    label?: string | undefined;
};
/**
 * The shapes that travel on the wire and through the page.
 */
export type Envelope = {
    success: boolean;
    data?: any;
    pagination?: any;
    stats?: any;
    meta?: any;
    error?: {
        code: string;
        message: string;
        details?: Detail[];
        retry_ms?: number;
    } | undefined;
};
