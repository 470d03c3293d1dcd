// @ts-check
/** Homeroom's client; README.md shows it in thirty lines. */

export { Homeroom, KINDS } from "./homeroom.js";
export { Session } from "./session.js";
export { Live } from "./live.js";
export { Outbox } from "./outbox.js";
export { Presence, digestOf } from "./presence.js";
export { Refusal } from "./refusal.js";
export { Sequence } from "./sequence.js";
export { Store } from "./store.js";
export { View, Views } from "./views.js";
export { memory } from "./storage.js";
export { newId } from "./ids.js";
