// @ts-check
/** Who is signed in: access token in memory, refresh token in storage, one refresh at once. */

import { Emitter } from "./emitter.js";
import { Refusal } from "./refusal.js";
import { request } from "./request.js";
import { memory } from "./storage.js";

/** @import { Shelf } from "./storage.js" */
/** @import { Asked } from "./request.js" */

const KEY = "homeroom.refresh";
const EARLY_MS = 60_000;
const LEADS = ["system_admin", "broker", "owner", "lead"];

/**
 * @typedef {{id: string, email: string, full_name: string}} User
 * @typedef {{id: string, name: string, role: string}} Team
 */

/** Dispatches `started` and `ended`. */
export class Session extends Emitter {
  /** @type {User | null} */ user = null;
  /** @type {Team | null} */ team = null;
  /** @type {string[]} what the role and our permissions allow, see docs/rights.md */ rights = [];
  #storage;
  #token = "";
  #expires = 0;
  /** @type {Promise<string> | null} */ #refreshing = null;

  /** @param {{url?: string, storage?: Shelf}} [options] a page of the server needs no address */
  constructor({ url = "", storage = memory() } = {}) {
    super();
    this.url = url.replace(/\/$/, "");
    this.#storage = storage;
    // Signing out (or in as somebody else) in one tab counts for all of them.
    if (typeof window !== "undefined")
      window.addEventListener("storage", ({ key, newValue }) => {
        if (key === KEY && newValue === null && this.user) this.#end("");
      });
  }

  get remembered() {
    return this.#storage.getItem(KEY) !== null;
  }

  get canWrite() {
    return this.team !== null && this.team.role !== "viewer";
  }

  get leads() {
    return this.team !== null && LEADS.includes(this.team.role);
  }

  /** @param {{email: string, password: string}} form */
  async signIn(form) {
    this.#begin((await this.#post("login", form)).data);
  }

  /** @param {{email: string, password: string, full_name: string, team_name: string}} form */
  async register(form) {
    this.#begin((await this.#post("register", form)).data);
  }

  /** @param {{token: string, full_name: string, password: string}} form */
  async accept(form) {
    this.#begin((await this.#post("invitations/accept", form)).data);
  }

  /** Come back after a reload. */
  async resume() {
    await this.#refresh();
  }

  async signOut() {
    const refresh_token = this.#storage.getItem(KEY);
    this.#end("");
    // Best effort: the tokens are forgotten here whether or not the server hears of it.
    await this.#post("logout", { refresh_token }).catch(() => undefined);
  }

  /** On every device, in every team; a Refusal when the server does not hear of it. */
  async signOutEverywhere() {
    await this.ask("POST", "/v1/auth/logout-everywhere");
    this.#end("");
  }

  /** A token good for at least a minute. */
  async token() {
    return Date.now() < this.#expires - EARLY_MS ? this.#token : this.#refresh();
  }

  /** Our role may have changed. */
  async renew() {
    this.distrust();
    await this.token();
  }

  /** The server refused the token we hold; the next one asked for is new. */
  distrust() {
    this.#expires = 0;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Omit<Asked, "token">} [options]
   */
  async ask(method, path, options = {}) {
    try {
      return await request(method, this.url + path, { ...options, token: await this.token() });
    } catch (problem) {
      if (!(problem instanceof Refusal) || problem.code !== "TOKEN_EXPIRED") throw problem;
      this.distrust();
      return request(method, this.url + path, { ...options, token: await this.token() });
    }
  }

  /**
   * Refresh tokens rotate: two tabs must not spend the same one, so the second waits for the new.
   */
  #refresh() {
    this.#refreshing ??= alone(async () => {
      const refresh_token = this.#storage.getItem(KEY);
      try {
        if (refresh_token === null) throw new Refusal("AUTH_REQUIRED", "Sign in first.");
        this.#begin((await this.#post("refresh", { refresh_token })).data);
      } catch (problem) {
        const final =
          problem instanceof Refusal && /^(AUTH_|TOKEN_|FORBIDDEN|VALIDATION_)/.test(problem.code);
        if (final && this.#storage.getItem(KEY) === refresh_token)
          this.#end("You have been signed out.");
        throw problem;
      }
      return this.#token;
    }).finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  /**
   * @param {string} path
   * @param {object} body
   */
  #post(path, body) {
    return request("POST", `${this.url}/v1/auth/${path}`, { body });
  }

  /** @param {any} grant */
  #begin(grant) {
    const fresh = this.user?.id !== grant.user.id || this.team?.id !== grant.team.id;
    this.#token = grant.access_token;
    this.#expires = Date.now() + 1000 * grant.expires_in;
    this.user = grant.user;
    this.team = grant.team;
    this.rights = grant.rights;
    this.#storage.setItem(KEY, grant.refresh_token);
    if (fresh) this.tell("started");
  }

  /** @param {string} why to be told, where it was not the person's own wish */
  #end(why) {
    this.#storage.removeItem(KEY);
    this.#token = "";
    this.#expires = 0;
    this.user = null;
    this.team = null;
    this.rights = [];
    this.tell("ended", why);
  }
}

/**
 * @template T
 * @param {() => Promise<T>} task
 * @returns {Promise<T>}
 */
async function alone(task) {
  // Web Locks need a secure context; over plain HTTP on a LAN a single tab is the usual case.
  return globalThis.navigator?.locks ? await navigator.locks.request(KEY, task) : await task();
}
