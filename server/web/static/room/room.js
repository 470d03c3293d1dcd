// @ts-check
/** Everything one signed-in person's page is made of, wired together. */

import { Homeroom } from "../../../../clients/js/src/homeroom.js";
import { ENTITIES, byName, titleOf } from "../entities/entity.js";
import { gist } from "../entities/gist.js";
import { io } from "../vendor/socket.io-4.8.4.esm.min.js";
import { Feed } from "./feed.js";
import { Marks } from "./marks.js";
import { Notices } from "./notices.js";
import { Prefs } from "./prefs.js";
import { Company, tabName } from "./presence.js";

/** @import { Write } from "../../../../clients/js/src/outbox.js" */
/** @import { Refusal } from "../../../../clients/js/src/refusal.js" */
/** @import { Session } from "../../../../clients/js/src/session.js" */
/** @import { Envelope, Person, RoomEvent, Row } from "../../../../clients/js/src/types.js" */
/** @import { Entity } from "../entities/entity.js" */
/** @import { Entry } from "./feed.js" */

const AGAIN_MS = 2_000;

/** Dispatches beside what Homeroom does: `members`. */
export class Room extends Homeroom {
  /** @type {Person[]} */ members = [];
  /** The records we could see and may not any more. @type {Set<string>} */ withdrawn = new Set();
  #away = 0;

  /** @param {Session} session */
  constructor(session) {
    const who = { client: "web/1", inst: tabName() };
    super({ session, io, storage: localStorage, kinds: ENTITIES, ...who });
    this.marks = new Marks();
    this.notices = new Notices();
    this.feed = new Feed(session, this.views);
    this.prefs = new Prefs(session.user?.id ?? "");
    this.company = new Company(this.presence, session.user?.id ?? "");
    this.on("events", ({ events, live }) => this.#tellOf(events, live));
    this.on("reload", () => this.feed.renew());
    this.feed.addEventListener("news", (event) =>
      this.#say(/** @type {CustomEvent} */ (event).detail.entries),
    );
    this.on("unreadable", ({ problem }) =>
      this.notices.show(`The records could not be read. ${problem}`, "bad"),
    );
    this.on("done", (outcome) => this.#saved(outcome));
    this.on("refused", (outcome) => this.#notSaved(outcome));
    this.on("state", () => this.#stateChanged());
  }

  start() {
    void this.readMembers();
    void this.feed.start();
    this.company.start();
    return super.start();
  }

  stop() {
    this.company.stop();
    super.stop();
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
      // Names are a nicety: events carry them too. They are read again with the next hello, or soon
      // where that was there before the failure was noticed.
      const again = () => void this.readMembers();
      if (this.live.connected) setTimeout(again, AGAIN_MS);
      else this.live.addEventListener("ready", again, { once: true });
    }
  }

  /** Whom a record can belong to, as choices. */
  get people() {
    return this.members.map(({ id, name }) => ({ key: id, label: name }));
  }

  /** @param {string} id */
  nameOf = (id) => this.members.find((member) => member.id === id)?.name ?? "";

  /**
   * @param {Entity} entity
   * @param {string} id
   */
  row(entity, id) {
    return this.get(entity.plural, id);
  }

  /** @param {Entity} entity */
  rows(entity) {
    return this.all(entity.plural);
  }

  /** Whether it is for us to say who sees a record. @param {Row} row */
  decides = (row) => this.session.leads || row.owner_id === this.me;

  /** Whether it is for us to say whose it is. @param {Row} row */
  gives = (row) => this.decides(row) || this.session.rights.includes("delete");

  /**
   * Write by socket, shown at once; see Outbox.
   * @param {Entity} entity
   * @param {string} verb
   * @param {Partial<Write>} write
   */
  write(entity, verb, write) {
    return this.send(entity.plural, verb, write);
  }

  /**
   * @param {Entity} entity
   * @param {string} id
   */
  fetch(entity, id) {
    return this.read(entity.plural, id);
  }

  /**
   * @param {RoomEvent[]} events
   * @param {boolean} live
   */
  #tellOf(events, live) {
    // The live part of the feed is put right by the server.
    if (events.some((event) => this.#redacts(event))) this.feed.renew();
    for (const event of events) {
      if (event.e === "member") void this.readMembers();
      if (event.k.endsWith(".withdrawn")) this.withdrawn.add(event.id);
      else this.withdrawn.delete(event.id);
      if (!live) this.#away += 1;
      else if (event.k !== "-" && event.a && event.a.id !== this.me) this.#pointOut(event);
    }
  }

  /** Whether we may see less after it than before. @param {RoomEvent} event */
  #redacts = ({ k, e, id }) =>
    k.endsWith(".withdrawn") || (["member", "broker"].includes(e) && id === this.me);

  /** Aloud, what others did. @param {Entry[]} entries newest first */
  #say(entries) {
    for (const { a, sentence } of entries.reverse())
      if (a && a.id !== this.me) this.notices.say(sentence);
  }

  /** @param {RoomEvent} event */
  #pointOut(event) {
    this.marks.put(event.id, { name: event.a?.name ?? "", what: gist(event), seq: event.s });
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
  #saved({ write, answer }) {
    const { data, meta } = answer;
    if (meta?.merged?.length > 0 && byName(write.entity)) {
      this.notices.show(
        `Saved. Your colleague’s other changes to ${titleOf(data)} were kept.`,
        "good",
      );
    }
  }

  /** @param {{write: Write, refusal: Refusal}} outcome */
  #notSaved({ write, refusal }) {
    if (write.quiet || refusal.code === "VERSION_CONFLICT") return; // that one has its own dialog
    const title =
      titleOf(this.store.get(write.entity, write.id)) ||
      titleOf(/** @type {any} */ (write.body)) ||
      "Your change";
    this.notices.show(`${title} was not saved: ${refusal.message}`, "bad");
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
