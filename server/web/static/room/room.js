// @ts-check
/** Everything one signed-in person's page is made of, wired together. */

import { ENTITIES, byName, titleOf } from "../entities/entity.js";
import { gist, plain, sentence } from "../entities/sentences.js";
import { Feed } from "./feed.js";
import { Live } from "./live.js";
import { readAll } from "./loader.js";
import { Marks } from "./marks.js";
import { Notices } from "./notices.js";
import { Outbox } from "./outbox.js";
import { Prefs } from "./prefs.js";
import { Store } from "./store.js";
import { drawn } from "./drawn.js";

/** @import { Entity } from "../entities/entity.js" */
/** @import { Write } from "./outbox.js" */
/** @import { Refusal } from "./refusal.js" */
/** @import { Session } from "./session.js" */
/** @import { Envelope, Person, RoomEvent, Row } from "./types.js" */

/** Dispatches `change` when records look different, `members`, and `conflict` {write, refusal}. */
export class Room extends EventTarget {
  /** @type {Person[]} */ members = [];
  ready = false;
  #loading = new AbortController();
  #away = 0;

  /** @param {Session} session */
  constructor(session) {
    super();
    const owner = `${session.user?.id}.${session.team?.id}`;
    this.session = session;
    this.store = new Store();
    this.marks = new Marks();
    this.notices = new Notices();
    this.feed = new Feed(session);
    this.prefs = new Prefs(session.user?.id ?? "");
    this.live = new Live(session, {
      apply: (events, live) => this.#apply(events, live),
      reload: (mode) => this.#reload(mode),
    });
    this.outbox = new Outbox(this.live, owner);
    this.store.addEventListener("change", () => this.#changed());
    this.outbox.addEventListener("change", () => this.#changed());
    this.outbox.addEventListener("done", (event) =>
      this.#done(/** @type {CustomEvent} */ (event).detail),
    );
    this.outbox.addEventListener("refused", (event) =>
      this.#refused(/** @type {CustomEvent} */ (event).detail),
    );
    this.live.addEventListener("state", () => this.#stateChanged());
  }

  start() {
    this.live.start();
    void this.readMembers();
  }

  stop() {
    this.#loading.abort();
    this.live.stop();
  }

  get me() {
    return this.session.user?.id ?? "";
  }

  async readMembers() {
    try {
      const { data } = await this.session.ask("GET", "/v1/teams/current/members");
      this.members = data.map((/** @type {any} */ one) => ({ ...one, name: one.full_name }));
      this.dispatchEvent(new Event("members"));
      this.#changed();
    } catch {
      // Names are a nicety: events carry them too, and the next hello reads them again.
      this.live.addEventListener("ready", () => void this.readMembers(), { once: true });
    }
  }

  /** Whom a record can belong to, as choices. */
  get people() {
    return this.members.map(({ id, name }) => ({ key: id, label: name }));
  }

  /** @param {string} id */
  nameOf = (id) => this.members.find((member) => member.id === id)?.name ?? "";

  /**
   * A record with what is still on its way drawn over it.
   * @param {Entity} entity
   * @param {string} id
   */
  row(entity, id) {
    return drawn(entity, this.store.get(entity.name, id), this.outbox.pending(id));
  }

  /** @param {Entity} entity @returns {Row[]} */
  rows(entity) {
    const rows = this.store
      .all(entity.name)
      .map((row) => drawn(entity, row, this.outbox.pending(row.id)))
      .filter((row) => row !== undefined);
    for (const write of this.outbox.newcomers()) {
      const row =
        write.entity === entity.name && drawn(entity, undefined, this.outbox.pending(write.id));
      if (row) rows.push(row);
    }
    return rows;
  }

  /**
   * @param {RoomEvent} event
   */
  sentence(event) {
    return sentence(event, this.store.get(event.e, event.id), this.nameOf, this.me);
  }

  /**
   * Write by socket, shown at once; see Outbox.
   * @param {Entity} entity
   * @param {string} verb
   * @param {Partial<Write>} write
   */
  write(entity, verb, write) {
    return this.outbox.add({ entity: entity.name, plural: entity.plural, verb, ...write });
  }

  /**
   * Read one record as it is now.
   * @param {Entity} entity
   * @param {string} id
   */
  async fetch(entity, id) {
    const { data } = await this.session.ask(
      "GET",
      `/v1/${entity.plural}/${encodeURIComponent(id)}`,
    );
    this.store.pour(entity.name, [data]);
    return /** @type {Row} */ (data);
  }

  /**
   * @param {RoomEvent[]} events
   * @param {boolean} live
   */
  #apply(events, live) {
    for (const event of events) {
      const entity = byName(event.e);
      const missing = this.store.apply(event);
      if (missing && entity) void this.fetch(entity, event.id).catch(() => undefined);
      if (event.e === "member") this.#staffChanged(event);
      if (!live) this.#away += 1;
      else if (event.a?.id !== this.me && event.k !== "-") this.#pointOut(event);
    }
    this.feed.push(events);
  }

  /** @param {RoomEvent} event */
  #staffChanged(event) {
    void this.readMembers();
    // What we may do is told with a fresh token.
    if (event.id === this.me)
      void this.session.renew().then(
        () => this.#changed(),
        () => undefined,
      );
  }

  /** @param {RoomEvent} event */
  #pointOut(event) {
    this.notices.say(plain(this.sentence(event)));
    this.marks.put(event.id, { name: event.a?.name ?? "", what: gist(event), seq: event.s });
  }

  /** @param {"snapshot" | "resync"} mode */
  async #reload(mode) {
    this.#loading.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    if (mode === "resync") this.store.clear();
    void this.feed.renew();
    try {
      await readAll(this.session, this.store, ENTITIES, signal, () => {
        this.ready = true;
        this.#changed();
      });
    } catch (problem) {
      if (!signal.aborted) this.notices.show(`The records could not be read. ${problem}`, "bad");
    }
  }

  #stateChanged() {
    const { state, reason } = this.live;
    if (state === "offline") this.notices.say("Offline. What you change is kept and sent later");
    if (state === "refused") this.notices.show(`${reason} Reload the page to try again.`, "bad");
    if (state === "live") this.#sayWhatWasMissed();
  }

  #sayWhatWasMissed() {
    if (this.#away > 0) {
      const changes = this.#away === 1 ? "1 change" : `${this.#away} changes`;
      this.notices.show(`Caught up: ${changes} while you were away.`);
      this.notices.say(`Live again. ${changes} while you were away`);
    }
    this.#away = 0;
  }

  /** @param {{write: Write, answer: Envelope}} outcome */
  #done({ write, answer }) {
    const { data, meta } = answer;
    if (write.verb === "delete") {
      const ver = data?.version ?? (write.version ?? 0) + 1;
      this.store.apply(
        /** @type {any} */ ({ e: write.entity, id: write.id, ver, k: `${write.entity}.deleted` }),
      );
    } else if (data?.id) {
      this.store.pour(write.entity, [data]);
    }
    const entity = byName(write.entity);
    if (meta?.merged?.length > 0 && entity) {
      this.notices.show(
        `Saved. Your colleague’s other changes to ${titleOf(data)} were kept.`,
        "good",
      );
    }
  }

  /** @param {{write: Write, refusal: Refusal}} outcome */
  #refused({ write, refusal }) {
    if (refusal.code === "VERSION_CONFLICT") {
      this.dispatchEvent(new CustomEvent("conflict", { detail: { write, refusal } }));
      return;
    }
    if (write.quiet) return;
    const title =
      titleOf(this.store.get(write.entity, write.id)) ||
      write.body?.property_address ||
      "Your change";
    this.notices.show(`${title} was not saved: ${refusal.message}`, "bad");
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
