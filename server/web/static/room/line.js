// @ts-check
/** One socket, dialled again when lost: credentials, jittered retries, silence, commands. */

import { io } from "../vendor/socket.io-4.8.4.esm.min.js";
import { offline, opened } from "./refusal.js";

/** @import { RoomEvent } from "./types.js" */

const FIRST_RETRY_MS = 400;
const LAST_RETRY_MS = 8_000;
const SILENT_BEATS = 2.5;

/**
 * @typedef {object} Ear
 * @property {() => Promise<object | null>} introduce who we are; null while nobody can say
 * @property {(hello: any) => void} hello
 * @property {(events: RoomEvent[]) => void} events
 * @property {(beat: any) => void} beat
 * @property {() => void} lost
 * @property {(code: string, message: string) => "again" | "never"} refused
 */

export class Line {
  #ear;
  /** @type {any} */ #socket = null;
  #greeted = false;
  #attempts = 0;
  #silence = 40_000;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #redial;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #watchdog;

  /** @param {Ear} ear */
  constructor(ear) {
    this.#ear = ear;
  }

  /** Connected, and the server has said hello. */
  get open() {
    return this.#greeted && this.#socket?.connected === true;
  }

  start() {
    const socket = io({
      forceNew: true,
      autoConnect: false,
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnection: false, // #retry does it: it also knows refusals, fresh tokens and waking tabs
      timeout: 8_000,
      auth: (/** @type {(auth: object) => void} */ send) => void this.#introduce(send),
    });
    this.#socket = socket;
    socket.on("hello", (/** @type {any} */ hello) => this.#greet(hello));
    socket.on("event", (/** @type {RoomEvent | RoomEvent[]} */ frame) => {
      this.#listen();
      this.#ear.events(Array.isArray(frame) ? frame : [frame]);
    });
    socket.on("hb", (/** @type {any} */ beat) => {
      this.#listen();
      this.#ear.beat(beat);
    });
    socket.on("disconnect", () => this.#lost());
    socket.on("connect_error", (/** @type {any} */ problem) => this.#refused(problem));
    socket.connect();
  }

  stop() {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#redial);
    const socket = this.#socket;
    this.#socket = null;
    socket?.disconnect();
  }

  /** Let a line go that is of no use any more; it is dialled again at once. */
  drop() {
    this.#attempts = 0;
    this.#socket?.disconnect();
  }

  /** Do not wait for the next try, nor for one that may hang. */
  hurry() {
    this.#attempts = 0;
    this.#socket?.disconnect();
    this.#retry(0);
  }

  /**
   * A command and its envelope; a Refusal when it is refused, or OFFLINE when nobody knows.
   * @param {string} name
   * @param {object} payload
   * @param {number} limit
   */
  async call(name, payload, limit) {
    // Socket.IO would keep it and send it by itself later; keeping is the outbox's work.
    if (!this.open) throw offline();
    let answer;
    try {
      answer = await this.#socket.timeout(limit).emitWithAck(name, payload);
    } catch {
      throw offline();
    }
    return opened(answer);
  }

  /** @param {(auth: object) => void} send */
  async #introduce(send) {
    const auth = await this.#ear.introduce();
    // Nothing to say, no CONNECT: let this connection go and try again after the usual wait.
    if (auth === null) this.#socket?.io.engine?.close();
    else send(auth);
  }

  /** @param {any} hello */
  #greet(hello) {
    this.#greeted = true;
    this.#attempts = 0;
    this.#silence = SILENT_BEATS * 1000 * (hello.hb ?? 15);
    this.#listen();
    this.#ear.hello(hello);
  }

  /** Two heartbeats missed: the line may be dead without anybody having said so. */
  #listen() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.drop(), this.#silence);
  }

  #lost() {
    this.#greeted = false;
    clearTimeout(this.#watchdog);
    if (this.#socket === null) return;
    this.#ear.lost();
    this.#retry();
  }

  /** @param {Error & {data?: {code?: string, retry_ms?: number}}} problem */
  #refused(problem) {
    const again = this.#ear.refused(problem.data?.code ?? "OFFLINE", problem.message);
    if (again === "never") this.stop();
    else this.#retry(problem.data?.retry_ms);
  }

  /**
   * Dial again after about this long, or a growing wait; never all clients at the same moment.
   * @param {number} [wait]
   */
  #retry(wait) {
    clearTimeout(this.#redial);
    wait ??= Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempts++);
    this.#redial = setTimeout(() => this.#socket?.connect(), wait * (0.5 + Math.random()));
  }
}
