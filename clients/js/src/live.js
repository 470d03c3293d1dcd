// @ts-check
/** Our place in the team's sequence: kept whole by resume, gap repair and heartbeats. */

import { Emitter } from "./emitter.js";
import { newId } from "./ids.js";
import { Line } from "./line.js";
import { Refusal } from "./refusal.js";
import { Sequence } from "./sequence.js";
import { surroundings } from "./surroundings.js";

/** @import { Envelope, RoomEvent } from "./types.js" */
/** @import { Io } from "./line.js" */
/** @import { Surroundings } from "./surroundings.js" */

const PROTOCOL = 1;
const COMMAND_MS = 12_000;
const RESUME_MS = 5_000;
const BEHIND_MS = 1_000;
/** Refusals after which coming back would be refused as well. */
const FINAL = new Set(["FORBIDDEN", "PROTO_TOO_OLD", "VALIDATION_ERROR"]);

/**
 * @typedef {"connecting" | "catching" | "live" | "offline" | "refused"} State
 * @typedef {"live" | "replay" | "snapshot" | "resync" | "denied"} Mode
 * @typedef {{team: string, head: number, h: string, mode: Mode, from?: number, to?: number}} Place
 *
 * @typedef {object} Credentials whose line it is; a Session is one
 * @property {{id: string} | null} team
 * @property {() => Promise<string>} token an access token that is good now
 * @property {() => void} distrust the server refused the token: the next one asked for is new
 * @property {string} [url]
 *
 * @typedef {object} Sink
 * @property {(events: RoomEvent[], live: boolean) => void} apply gets each event once, in order
 * @property {(mode: "snapshot" | "resync") => Promise<void>} reload until the lists are whole
 *
 * @typedef {object} Means
 * @property {Io} io
 * @property {string} [client] what calls itself what; nothing depends on it
 * @property {string} [inst] the tab's or process's name, the same over reconnects and reloads
 * @property {string[]} [transports]
 * @property {Surroundings} [around]
 * @property {Record<string, (body: any) => void>} [events] what else the server may say
 */

/**
 * Dispatches `state` on each change, `ready` {hello} after each hello, and `modes`: how the server
 * judged where we stand.
 */
export class Live extends Emitter {
  /** @type {State} */ state = "connecting";
  reason = "";
  /** The server itself has lost sight of its database: what is shown may be old. */
  stale = false;
  /** What hello told. @type {any} */ hello = null;
  #credentials;
  #sink;
  #line;
  #sequence;
  #around;
  #client;
  #inst;
  #target = 0;
  #loading = 0;
  #resuming = false;
  #failures = 0;
  #stop = new AbortController();

  /**
   * @param {Credentials} credentials
   * @param {Sink} sink
   * @param {Means} means
   */
  constructor(credentials, sink, means) {
    super();
    const { io, client = "js/1", inst = newId(), transports, around, events = {} } = means;
    this.#credentials = credentials;
    this.#sink = sink;
    this.#client = client;
    this.#inst = inst;
    this.#around = around ?? surroundings;
    this.#sequence = new Sequence(
      (events) => this.#sink.apply(events, this.state === "live"),
      () => void this.resume(),
    );
    const ear = {
      introduce: () => this.#introduce(),
      hello: (/** @type {any} */ hello) => this.#greet(hello),
      events: {
        event: (/** @type {RoomEvent | RoomEvent[]} */ frame) =>
          this.#take(Array.isArray(frame) ? frame : [frame]),
        hb: (/** @type {any} */ beat) => this.#compare(beat),
        "auth.expiring": () => void this.#refresh(),
        ...events,
      },
      lost: () => this.#settle(),
      evicted: () => void this.#evicted(),
      refused: (/** @type {string} */ code, /** @type {string} */ message) =>
        this.#refused(code, message),
    };
    this.#line = new Line(ear, io, credentials.url, transports);
  }

  get seq() {
    return this.#sequence.seq;
  }

  get hash() {
    return this.#sequence.hash;
  }

  get connected() {
    return this.#line.open;
  }

  start() {
    this.#around.watch(
      () => this.wake(),
      () => this.#settle(),
      this.#stop.signal,
    );
    this.#line.start();
  }

  stop() {
    this.#stop.abort();
    this.#line.stop();
    this.#sequence.forget();
  }

  /** Back on the network or in front of somebody's eyes: find out at once what was missed. */
  wake() {
    this.#settle();
    if (this.connected) void this.resume();
    else if (this.state !== "refused") this.#line.hurry();
  }

  /** As if the network had failed; what follows is what follows then. */
  drop() {
    this.#line.drop();
  }

  /**
   * @param {string} name
   * @param {object} payload
   * @returns {Promise<Envelope>}
   */
  async call(name, payload, limit = COMMAND_MS) {
    try {
      return await this.#line.call(name, payload, limit);
    } catch (problem) {
      if (problem instanceof Refusal && problem.code === "TOKEN_EXPIRED") {
        this.#credentials.distrust();
        this.#line.drop();
      }
      throw problem;
    }
  }

  /** Ask for everything after the last event we hold, on the same socket. */
  async resume() {
    if (this.#resuming || !this.connected || !this.#sequence.placed) return;
    this.#resuming = true;
    const { seq: s, hash: h } = this.#sequence;
    const team = this.#credentials.team?.id;
    try {
      const { data } = await this.call("resume", { team, s, h }, RESUME_MS);
      this.#failures = 0;
      this.#place(data);
    } catch {
      this.#failures += 1;
    } finally {
      this.#resuming = false;
    }
    if (this.#failures === 0) return this.#sequence.watch();
    if (this.#failures === 1) return void setTimeout(() => this.resume(), BEHIND_MS);
    this.#failures = 0;
    this.#line.drop();
  }

  /** Read the lists again, without losing our place: what we may see has changed. */
  async reread() {
    if (this.#sequence.placed) await this.#reload("snapshot");
  }

  async #introduce() {
    const token = await this.#credentials.token().catch(() => null);
    if (token === null) return null;
    const team = this.#credentials.team?.id;
    const { placed, seq: s, hash: h } = this.#sequence;
    const subs = placed ? { subs: [{ team, s, h }] } : {};
    return { token, proto: PROTOCOL, inst: this.#inst, client: this.#client, ...subs };
  }

  /** The socket outlives its token: the new one goes in over the open line. */
  async #refresh() {
    try {
      this.#credentials.distrust();
      await this.call("auth:refresh", { token: await this.#credentials.token() });
    } catch {
      // Then the server closes the line, and we come back by it with whatever token there is.
    }
  }

  /** @param {any} hello */
  #greet(hello) {
    this.#failures = 0;
    this.hello = hello;
    this.stale = false;
    const ours = hello.teams.find(
      (/** @type {Place} */ { team }) => team === this.#credentials.team?.id,
    );
    if (ours) this.#place(ours);
    this.tell("ready", { hello });
  }

  /** @param {Place} place */
  #place({ mode, head, h, to }) {
    this.tell("modes", mode);
    if (mode === "denied") {
      this.#line.stop();
      return this.#close("You are no longer a member of this team.");
    }
    if (mode === "snapshot" || mode === "resync" || !this.#sequence.placed) {
      this.#sequence.start(head, h);
      void this.#reload(mode === "resync" ? mode : "snapshot");
    }
    this.#target = mode === "replay" ? (to ?? head) : 0;
    this.#settle();
  }

  /** @param {"snapshot" | "resync"} mode */
  async #reload(mode) {
    this.#loading += 1;
    try {
      await this.#sink.reload(mode);
    } finally {
      this.#loading -= 1;
      this.#settle();
    }
  }

  /** @param {RoomEvent[]} events */
  #take(events) {
    this.#sequence.take(events.filter(({ t }) => t === this.#credentials.team?.id));
    this.#settle();
  }

  /** @param {{teams?: Record<string, [number, string]>, stale?: boolean}} beat */
  #compare(beat) {
    if (this.stale !== Boolean(beat.stale)) {
      this.stale = Boolean(beat.stale);
      this.tell("state");
    }
    const [head, hash] = beat.teams?.[this.#credentials.team?.id ?? ""] ?? [0, ""];
    const behind = () =>
      this.#sequence.placed &&
      (head > this.seq || (head === this.seq && hash !== this.#sequence.hash));
    if (behind()) setTimeout(() => behind() && this.resume(), BEHIND_MS);
  }

  /**
   * Signed out everywhere, or out of the team: then there is no new token. Else this person has
   * opened too many others, and coming back would push out one of those, and that one this again:
   * it waits for somebody's eyes, see `wake`.
   */
  async #evicted() {
    this.#credentials.distrust();
    const welcome = await this.#credentials.token().then(
      () => true,
      () => false,
    );
    if (this.#stop.signal.aborted || this.connected) return;
    if (!welcome) return this.#line.retry();
    this.reason = "You are connected in too many places. This one waits until you come back to it.";
    this.tell("state");
  }

  /**
   * @param {string} code
   * @param {string} message
   */
  #refused(code, message) {
    if (FINAL.has(code)) {
      this.#close(message);
      return "never";
    }
    if (code === "TOKEN_EXPIRED" || code === "AUTH_REQUIRED") this.#credentials.distrust();
    this.#settle();
    return "again";
  }

  /** @param {string} why */
  #close(why) {
    this.reason = why;
    this.#become("refused");
  }

  #settle() {
    if (this.state === "refused") return;
    // Never by navigator.onLine alone: a server on this machine is there without any network.
    const behind = this.#loading > 0 || this.seq < this.#target || this.#sequence.gap;
    if (this.connected) {
      this.reason = "";
      this.#become(behind ? "catching" : "live");
    } else this.#become(this.#sequence.placed ? "offline" : "connecting");
  }

  /** @param {State} state */
  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.tell("state");
  }
}
