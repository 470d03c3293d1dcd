/** A random id, also where the page comes over plain HTTP and crypto.randomUUID is missing. */
export function newId(): string;
