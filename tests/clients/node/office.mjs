// A team of its own for each test, on a running server, and clients of it whose line can be hurt.
import { io } from "socket.io-client";
import { Homeroom, Session, newId } from "homeroom-client";

export const url = process.env.HOMEROOM;
const PASSWORD = "a password of eleven words, or fewer";

/** The same numbers again for the same seed. */
export function dice(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export async function until(ready, what = ready.toString(), within = 20_000) {
  const deadline = Date.now() + within;
  while (!(await ready())) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((go) => setTimeout(go, 20));
  }
}

/** A socket.io whose event frames get lost, doubled and swapped, and that can be cut off. */
export class Wire {
  noise = 0;
  cut = false;
  forged = "";
  connections = 0;
  modes = [];
  #sockets = new Set();
  #dice;

  constructor(seed = 7) {
    this.#dice = dice(seed);
  }

  io = (address, options) => {
    const { auth } = options;
    const socket = io(address, {
      ...options,
      auth: (send) =>
        auth((said) => {
          if (this.forged && said.subs) said.subs[0].h = this.forged;
          this.connections += 1;
          send(said);
        }),
    });
    this.#sockets.add(socket);
    const connect = socket.connect.bind(socket);
    socket.connect = () => {
      if (!this.cut) return connect();
      // As an unreachable server is told of: later, and as an error.
      setTimeout(() => socket.emitReserved("connect_error", new Error("cut")), 5);
      return socket;
    };
    const hear = socket.onevent.bind(socket);
    const held = [];
    socket.onevent = (packet) => {
      const lucky = packet.data[0] !== "event" || this.#dice() >= this.noise;
      if (lucky) {
        hear(packet);
        while (held.length) hear(held.pop());
        return;
      }
      const fate = Math.floor(this.#dice() * 3);
      if (fate === 1) (hear(packet), hear(packet));
      if (fate === 2) held.push(packet);
    };
    return socket;
  };

  /** No goodbye, as when a cable is pulled. */
  pull() {
    for (const socket of this.#sockets) socket.io.engine?.transport?.ws?.terminate?.();
  }
}

export class Office {
  #rooms = [];

  static async open() {
    const office = new Office();
    const email = `olga.${newId()}@homes.example`;
    office.olga = new Session({ url });
    await office.olga.register({
      email,
      password: PASSWORD,
      full_name: "Olga Harbor",
      team_name: "Harbor Homes",
    });
    office.email = email;
    return office;
  }

  get team() {
    return this.olga.team.id;
  }

  /** Somebody new in the team, signed in. */
  async hire(name, role = "agent") {
    const email = `${name.split(" ")[0].toLowerCase()}.${newId()}@homes.example`;
    const path = "/v1/teams/current/invitations";
    const { data } = await this.olga.ask("POST", path, { body: { email, role } });
    const session = new Session({ url });
    await session.accept({ token: data.token, full_name: name, password: PASSWORD });
    return session;
  }

  /** The owner once more, with a session of their own. */
  async again() {
    const session = new Session({ url });
    await session.signIn({ email: this.email, password: PASSWORD });
    return session;
  }

  /** A room of somebody, with what it was told. */
  async room(session, { wire = new Wire(), ...options } = {}) {
    const room = new Homeroom({ session, io: wire.io, transports: ["websocket"], ...options });
    room.wire = wire;
    room.log = [];
    room.on("events", ({ events }) => room.log.push(...events));
    room.live.on("modes", (mode) => wire.modes.push(mode));
    this.#rooms.push(room);
    await room.start();
    return room;
  }

  async escrow(address = "12 Main St", fields = {}) {
    const closing = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
    const body = { property_address: address, purchase_price: 450000, closing_date: closing };
    return (await this.olga.ask("POST", "/v1/escrows", { body: { ...body, ...fields } })).data;
  }

  async change(id, body) {
    return (await this.olga.ask("PATCH", `/v1/escrows/${id}`, { body })).data;
  }

  /** Every record as a fresh reader gets it. */
  async fresh(session = this.olga) {
    const rows = [];
    for (const archived of ["", "&archived=true"]) {
      let cursor = "";
      do {
        const page = await session.ask("GET", `/v1/escrows?limit=100${archived}${cursor}`);
        rows.push(...page.data);
        cursor = page.pagination.next_cursor && `&cursor=${page.pagination.next_cursor}`;
      } while (cursor);
    }
    return new Map(rows.map((row) => [row.id, row]));
  }

  async head() {
    return (await this.olga.ask("GET", "/v1/activity?limit=1")).meta.as_of_seq;
  }

  /** What a busy team does: prices, notes, a new deal, one that is dropped. */
  async work(escrows, rounds, random = dice(1)) {
    for (let i = 0; i < rounds; i++) {
      const one = escrows[Math.floor(random() * escrows.length)];
      await this.change(one.id, { purchase_price: 400000 + i, notes: `round ${i}` });
      if (random() < 0.1) escrows.push(await this.escrow(`${i} New Rd`));
      if (random() < 0.05 && escrows.length > 2) {
        const [gone] = escrows.splice(0, 1);
        await this.olga.ask("DELETE", `/v1/escrows/${gone.id}`);
      }
    }
  }

  /** Have the test's server keep the team's part of the database, or bring it back: "keep", "restore". */
  async hand(what) {
    const answer = await fetch(`${process.env.HAND}/${what}/${this.team}`, { method: "POST" });
    if (!answer.ok) throw new Error(await answer.text());
  }

  close() {
    for (const room of this.#rooms) room.stop();
  }
}
