// @ts-check
/** One socket, dialled again when lost: credentials, jittered retries, silence, commands. */

import { offline, opened } from "./refusal.js";

const FIRST_RETRY_MS = 400;
const LAST_RETRY_MS = 8_000;
const RATE_MS = 20_000;
const RATE = 4013; // the server closed because we went on after being told to wait
const SILENT_BEATS = 2.5;

/**
 * @typedef {object} Ear
 * @property {() => Promise<object | null>} introduce who we are; null while nobody can say
 * @property {(hello: any) => void} hello
 * @property {Record<string, (body: any) => void>} events what the server says, by name
 * @property {() => void} lost
 * @property {() => void} evicted the server sent us away; coming back or not is not for the line
 * @property {(code: string, message: string) => "again" | "never"} refused
 *
 * @typedef {(url: string | undefined, options: object) => any} Io socket.io-client's `io`
 */

export class Line {
  #io;
  #url;
  #ear;
  #transports;
  /** @type {any} */ #socket = null;
  #greeted = false;
  #attempts = 0;
  #silence = 40_000;
  /** When a server that is about to close wants us back. @type {number | undefined} */ #due;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #redial;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #watchdog;

  /**
   * @param {Ear} ear
   * @param {Io} io
   * @param {string | undefined} url
   * @param {string[]} [transports]
   */
  constructor(ear, io, url, transports = ["websocket", "polling"]) {
    this.#ear = ear;
    this.#io = io;
    this.#url = url;
    this.#transports = transports;
  }

  /** Connected, and the server has said hello. */
  get open() {
    return this.#greeted && this.#socket?.connected === true;
  }

  start() {
    const socket = this.#io(this.#url || undefined, {
      forceNew: true,
      autoConnect: false,
      transports: this.#transports,
      tryAllTransports: true,
      reconnection: false, // `retry` does it: it also knows refusals, fresh tokens and waking tabs
      timeout: 8_000,
      auth: (/** @type {(auth: object) => void} */ send) => void this.#introduce(send),
    });
    this.#socket = socket;
    socket.on("hello", (/** @type {any} */ hello) => this.#greet(hello));
    for (const [name, hear] of Object.entries(this.#ear.events))
      socket.on(name, (/** @type {any} */ body) => {
        this.#listen();
        hear(body);
      });
    socket.on("drain", (/** @type {{retry_ms: number}} */ { retry_ms }) => {
      this.#due = Date.now() + retry_ms;
    });
    socket.on("disconnect", (/** @type {string} */ reason, /** @type {any} */ details) =>
      this.#lost(reason, details?.context?.code),
    );
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
    this.retry(0);
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
    this.#due = undefined;
    this.#silence = SILENT_BEATS * 1000 * (hello.hb ?? 15);
    this.#listen();
    this.#ear.hello(hello);
  }

  /** Two heartbeats missed: the line may be dead without anybody having said so. */
  #listen() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.drop(), this.#silence);
  }

  /**
   * @param {string} reason as Socket.IO names it
   * @param {number | undefined} code of the WebSocket's close frame, where there was one
   */
  #lost(reason, code) {
    this.#greeted = false;
    clearTimeout(this.#watchdog);
    if (this.#socket === null) return;
    this.#ear.lost();
    if (reason === "io server disconnect") return this.#ear.evicted();
    const told = this.#due && Math.max(0, this.#due - Date.now());
    this.#due = undefined;
    this.retry(told ?? (code === RATE ? RATE_MS : undefined));
  }

  /** @param {Error & {data?: {code?: string, retry_ms?: number}}} problem */
  #refused(problem) {
    const again = this.#ear.refused(problem.data?.code ?? "OFFLINE", problem.message);
    if (again === "never") this.stop();
    else this.retry(problem.data?.retry_ms);
  }

  /**
   * Dial again when we were told to, else after a growing wait; never all clients at the same moment.
   * @param {number} [told]
   */
  retry(told) {
    clearTimeout(this.#redial);
    const grown = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempts);
    if (told === undefined) this.#attempts += 1;
    const wait = told ?? grown * (0.5 + Math.random());
    this.#redial = setTimeout(() => this.#socket?.connect(), wait);
  }
}
