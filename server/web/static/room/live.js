// @ts-check
/** Our place in the team's sequence: kept whole by resume, gap repair and heartbeats. */

import { newId } from "./api.js";
import { Line } from "./line.js";
import { Refusal } from "./refusal.js";
import { Sequence } from "./sequence.js";

/** @import { Envelope, RoomEvent } from "./types.js" */
/** @import { Session } from "./session.js" */

const PROTOCOL = 1;
const COMMAND_MS = 12_000;
const RESUME_MS = 5_000;
const BEHIND_MS = 1_000;

/**
 * @typedef {"connecting" | "catching" | "live" | "offline" | "refused"} State
 * @typedef {"live" | "replay" | "snapshot" | "resync" | "denied"} Mode
 * @typedef {{team: string, head: number, h: string, mode: Mode, from?: number, to?: number}} Place
 * @typedef {object} Sink
 * @property {(events: RoomEvent[], live: boolean) => void} apply gets each event once, in order
 * @property {(mode: "snapshot" | "resync") => Promise<void>} reload until the lists are whole
 */

/** Dispatches `state` on each change and `ready` after each hello. */
export class Live extends EventTarget {
  /** @type {State} */ state = "connecting";
  reason = "";
  #session;
  #sink;
  #line;
  #sequence;
  #inst = newId();
  #target = 0;
  #loading = 0;
  #resuming = false;
  #failures = 0;
  #stop = new AbortController();

  /**
   * @param {Session} session
   * @param {Sink} sink
   */
  constructor(session, sink) {
    super();
    this.#session = session;
    this.#sink = sink;
    this.#sequence = new Sequence(
      (events) => this.#sink.apply(events, this.state === "live"),
      () => void this.resume(),
    );
    this.#line = new Line({
      introduce: () => this.#introduce(),
      hello: (hello) => this.#greet(hello),
      events: (events) => this.#take(events),
      beat: (beat) => this.#compare(beat),
      lost: () => this.#settle(),
      refused: (code, message) => this.#refused(code, message),
    });
  }

  get seq() {
    return this.#sequence.seq;
  }

  get connected() {
    return this.#line.open;
  }

  start() {
    const { signal } = this.#stop;
    addEventListener("online", () => this.wake(), { signal });
    addEventListener("offline", () => this.#settle(), { signal });
    addEventListener("pageshow", ({ persisted }) => persisted && this.wake(), { signal });
    document.addEventListener("visibilitychange", () => !document.hidden && this.wake(), {
      signal,
    });
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
        this.#session.distrust();
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
    try {
      const { data } = await this.call("resume", { team: this.#session.team?.id, s, h }, RESUME_MS);
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

  async #introduce() {
    const token = await this.#session.token().catch(() => null);
    if (token === null) return null;
    const team = this.#session.team?.id;
    const { placed, seq: s, hash: h } = this.#sequence;
    const subs = placed ? { subs: [{ team, s, h }] } : {};
    return { token, proto: PROTOCOL, inst: this.#inst, client: "web/1", ...subs };
  }

  /** @param {{teams: Place[]}} hello */
  #greet({ teams }) {
    this.#failures = 0;
    const ours = teams.find(({ team }) => team === this.#session.team?.id);
    if (ours) this.#place(ours);
    this.dispatchEvent(new Event("ready"));
  }

  /** @param {Place} place */
  #place({ mode, head, h, to }) {
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
    this.#sequence.take(events.filter(({ t }) => t === this.#session.team?.id));
    this.#settle();
  }

  /** @param {{teams?: Record<string, [number, string]>}} beat */
  #compare(beat) {
    const [head, hash] = beat.teams?.[this.#session.team?.id ?? ""] ?? [0, ""];
    const behind = () =>
      this.#sequence.placed &&
      (head > this.seq || (head === this.seq && hash !== this.#sequence.hash));
    if (behind()) setTimeout(() => behind() && this.resume(), BEHIND_MS);
  }

  /**
   * @param {string} code
   * @param {string} message
   */
  #refused(code, message) {
    if (code === "FORBIDDEN" || code === "PROTO_TOO_OLD") {
      this.#close(message);
      return "never";
    }
    if (code === "TOKEN_EXPIRED" || code === "AUTH_REQUIRED") this.#session.distrust();
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
    if (this.connected) this.#become(behind ? "catching" : "live");
    else this.#become(this.#sequence.placed ? "offline" : "connecting");
  }

  /** @param {State} state */
  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
