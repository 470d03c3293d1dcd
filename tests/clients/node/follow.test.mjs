// The client against a real server: whatever happens to its line, it ends where the server is.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { io } from "socket.io-client";
import { Refusal, Session, digestOf, memory } from "homeroom-client";
import { Office, Wire, dice, until, url } from "./office.mjs";

const offices = [];
after(() => offices.forEach((office) => office.close()));

async function anOffice(escrows = 4) {
  const office = await Office.open();
  offices.push(office);
  office.escrows = [];
  for (let i = 0; i < escrows; i++) office.escrows.push(await office.escrow(`${i} Main St`));
  return office;
}

/** Its records are those of a fresh list, and it applied each event up to the head once. */
async function equals(room, office) {
  const head = await office.head();
  await until(() => room.seq >= head, `event ${head}, stuck at ${room.seq}`);
  await until(async () => {
    const fresh = await office.fresh(room.session);
    const here = new Map(room.store.all("escrow").map((row) => [row.id, row]));
    try {
      assert.deepEqual(here, fresh);
      return true;
    } catch {
      return false;
    }
  }, "the same records as a fresh list");
  const seqs = room.log.map(({ s }) => s);
  assert.deepEqual(
    seqs,
    Array.from({ length: seqs.length }, (_, i) => seqs[0] + i),
  );
  assert.equal(seqs.at(-1) ?? room.seq, room.seq);
}

describe("a client", { concurrency: 4 }, () => {
test("events are applied once and in order over a wire that loses, doubles and swaps them", async () => {
  const office = await anOffice();
  const wire = new Wire(77);
  const room = await office.room(await office.hire("Ana Alder"), { wire });
  wire.noise = 0.5;
  await office.work(office.escrows, 60);
  wire.noise = 0;
  await office.work(office.escrows, 1);
  await equals(room, office);
  assert.equal(wire.connections, 1);
  assert.ok(wire.modes.includes("replay"), "it asked for what was missing, on the same socket");
});

test("a kind left for later is read when somebody asks for it, and followed from then on", async () => {
  const office = await anOffice(1);
  const add = (last_name) => office.olga.ask("POST", "/v1/clients", { body: { last_name } });
  await add("Early");
  const kinds = [
    { name: "escrow", plural: "escrows" },
    { name: "client", plural: "clients", later: true },
  ];
  const room = await office.room(await office.hire("Ana Alder"), { kinds });
  const names = () => room.all("clients").map((row) => row.last_name).toSorted();
  assert.deepEqual([room.holds("escrows"), room.holds("clients"), names()], [true, false, []]);
  await Promise.all([room.hold("clients"), room.hold("clients")]);
  assert.deepEqual([room.holds("clients"), names()], [true, ["Early"]]);
  await add("Late");
  await until(() => names().length === 2, "what came later");
  await room.live.reread();
  await until(() => names().join() === "Early,Late", "both after all was read again");
});

test("a line that breaks at random moments loses nothing", async () => {
  const office = await anOffice();
  const wire = new Wire();
  const room = await office.room(await office.hire("Ana Alder"), { wire });
  const random = dice(3);
  let working = true;
  const breaking = (async () => {
    while (working) {
      await new Promise((go) => setTimeout(go, 150 * random()));
      wire.pull();
      room.live.wake();
    }
  })();
  await office.work(office.escrows, 60, random);
  working = false;
  await breaking;
  await equals(room, office);
  assert.ok(wire.connections > 3, `${wire.connections} connections`);
});

test("what is written offline is shown at once, kept over a restart and sent once", async () => {
  const office = await anOffice(1);
  const [escrow] = office.escrows;
  const session = await office.hire("Ana Alder");
  const storage = memory();
  const first = await office.room(session, { storage });
  first.wire.cut = true;
  first.wire.pull();
  await until(() => first.state === "offline");
  void first.update("escrows", escrow.id, { purchase_price: 435000 });
  void first.update("escrows", escrow.id, { notes: "Called" });
  void first.create("escrows", { property_address: "9 Elm Ct", purchase_price: 1, closing_date: "2030-01-01" });
  assert.equal(first.get("escrows", escrow.id).purchase_price, 435000);
  assert.equal(first.all("escrows").length, 2);
  assert.equal(first.outbox.size, 2, "two edits that could not leave are one");
  first.stop();

  const second = await office.room(session, { storage });
  await until(() => second.outbox.size === 0);
  await equals(second, office);
  const row = second.get("escrows", escrow.id);
  assert.deepEqual([row.purchase_price, row.notes, row.version], [435000, "Called", 2]);
  assert.equal(second.all("escrows").length, 2);
});

test("a write whose answer was lost is asked for again and done once", async () => {
  const office = await anOffice(1);
  const [escrow] = office.escrows;
  const room = await office.room(await office.hire("Ana Alder"));
  const written = room.update("escrows", escrow.id, { purchase_price: 435000 });
  room.wire.pull();
  assert.equal((await written).purchase_price, 435000);
  await equals(room, office);
  assert.equal(room.get("escrows", escrow.id).version, 2);
});

test("others' changes of other fields merge, of the same field conflict and roll back", async () => {
  const office = await anOffice(1);
  const [escrow] = office.escrows;
  const room = await office.room(await office.hire("Ana Alder"));
  const conflicts = [];
  room.on("conflict", (conflict) => conflicts.push(conflict));
  room.wire.cut = true;
  room.wire.pull();
  await until(() => room.state === "offline");
  const date = room.update("escrows", escrow.id, { closing_date: "2031-02-03" });
  await office.change(escrow.id, { purchase_price: 470000 });
  room.wire.cut = false;
  room.live.wake();
  assert.deepEqual(await date.then((row) => [row.closing_date, row.purchase_price]), [
    "2031-02-03",
    470000,
  ]);

  room.wire.cut = true;
  room.wire.pull();
  await until(() => room.state === "offline");
  const price = room.update("escrows", escrow.id, { purchase_price: 1 });
  assert.equal(room.get("escrows", escrow.id).purchase_price, 1);
  await office.change(escrow.id, { purchase_price: 480000 });
  room.wire.cut = false;
  room.live.wake();
  await assert.rejects(price, { code: "VERSION_CONFLICT" });
  const [{ refusal, write }] = conflicts;
  const [clash] = refusal.details;
  assert.equal(write.body.purchase_price, 1);
  assert.deepEqual([clash.field, clash.base, clash.current, clash.yours], [
    "purchase_price", 470000, 480000, 1,
  ]);
  await equals(room, office);
  assert.equal(room.get("escrows", escrow.id).purchase_price, 480000);
});

test("a history that is not the server's is thrown away", async () => {
  const office = await anOffice();
  const room = await office.room(await office.hire("Ana Alder"));
  room.wire.forged = "0".repeat(32);
  room.wire.pull();
  await until(() => room.wire.modes.includes("resync"));
  room.log.length = 0;
  room.wire.forged = "";
  await office.work(office.escrows, 3);
  await equals(room, office);
});

test("a database that goes back to a backup takes those with it who saw what is gone", async () => {
  const office = await anOffice();
  const room = await office.room(await office.hire("Ana Alder"));
  await office.hand("keep");
  await office.work(office.escrows, 5);
  await equals(room, office);
  const lost = room.seq;
  await office.hand("restore");
  await until(() => room.wire.modes.includes("resync"), "a resync");
  room.log.length = 0;
  await office.change((await office.fresh()).keys().next().value, { notes: "another past" });
  await equals(room, office);
  assert.ok(room.seq < lost);
});

test("a stale token is refreshed once and the line comes up, without a loop", async () => {
  const office = await anOffice(1);
  const real = await office.hire("Ana Alder");
  let refreshed = 0;
  const stale = "eyJhbGciOiJIUzI1NiJ9.e30.c3RhbGU";
  let token = stale;
  const session = Object.assign(Object.create(real), {
    ask: real.ask.bind(real),
    distrust: () => (token = null),
    token: async () => {
      if (token === null) (refreshed += 1), (token = await real.token());
      return token;
    },
  });
  Object.defineProperty(session, "team", { value: real.team });
  Object.defineProperty(session, "user", { value: real.user });
  const room = await office.room(session);
  await equals(room, office);
  assert.equal(room.state, "live");
  assert.deepEqual([refreshed, room.wire.connections], [1, 2]);
});

test("who is no longer a member is told so and stays away", async () => {
  const office = await anOffice(1);
  const session = await office.hire("Ana Alder");
  const room = await office.room(session);
  const ended = new Promise((go) => session.on("ended", go));
  await office.olga.ask("DELETE", `/v1/teams/current/members/${session.user.id}`);
  await ended;
  room.stop();
  assert.ok(room.wire.connections <= 2);
});

test("a record that becomes somebody's private one goes, and comes back when it may be seen", async () => {
  const office = await anOffice(2);
  const [escrow] = office.escrows;
  const room = await office.room(await office.hire("Ana Alder"));
  assert.equal(room.all("escrows").length, 2);
  await office.change(escrow.id, { is_private: true });
  await until(() => room.get("escrows", escrow.id) === undefined);
  await office.change(escrow.id, { notes: "between us" });
  await equals(room, office);
  assert.deepEqual(
    room.log.map(({ k }) => k),
    ["escrow.withdrawn", "-"],
  );
  await office.change(escrow.id, { is_private: false });
  await until(() => room.get("escrows", escrow.id)?.notes === "between us");
  await equals(room, office);
});

test("a view is a fresh list at all times, over a broken line too", async () => {
  const office = await anOffice(5);
  const room = await office.room(await office.hire("Ana Alder"));
  const params = { status: "pending", sort: "purchase_price", order: "desc", limit: 4 };
  const view = await room.view("escrows", params);
  const query = new URLSearchParams(params);
  const same = async () => {
    const fresh = await office.olga.ask("GET", `/v1/escrows?${query}`);
    return until(() => {
      try {
        assert.deepEqual([view.rows, view.total], [fresh.data, fresh.pagination.total]);
        return view.current;
      } catch {
        return false;
      }
    }, "the rows of a fresh list");
  };
  await same();
  await office.work(office.escrows, 20, dice(5));
  await same();
  room.wire.pull();
  await office.work(office.escrows, 5, dice(6));
  await until(() => room.live.connected);
  await same();
  view.close();
  await assert.rejects(room.view("escrows", { colour: "red" }), { code: "VALIDATION_ERROR" });
});

test("people see each other come, edit and go", async () => {
  const office = await anOffice(1);
  const [escrow] = office.escrows;
  const ana = await office.room(await office.hire("Ana Alder"));
  const ben = await office.room(await office.hire("Ben Birch"));
  const record = `escrow:${escrow.id}`;
  const { lease } = await ana.presence.set({ state: "editing", record, field: "notes" });
  assert.equal(lease.held_by, "me");
  await until(() => ben.presence.of(record).length === 1);
  const [there] = ben.presence.of(record);
  assert.deepEqual([there.user.name, there.state, there.field], ["Ana Alder", "editing", "notes"]);
  assert.deepEqual(ana.presence.of(record), [], "oneself is not somebody else");

  const { data } = await ben.call("presence:get");
  assert.equal(await digestOf(ben.presence.here.values()), data.digest);
  ben.presence.here.clear();
  await ben.presence.check({ pv: data.pv, run: data.run, digest: data.digest });
  assert.equal(ben.presence.of(record).length, 1, "what does not add up is asked for again");

  ana.wire.pull();
  await until(() => ana.wire.connections === 2 && ana.live.connected);
  await until(() => ben.presence.of(record)[0]?.state === "editing");
  ana.stop();
  await until(() => ben.presence.of(record).length === 0);
});

test("one window too many waits until somebody looks at it, and does not push back", async () => {
  const office = await anOffice(1);
  const session = await office.hire("Ana Alder");
  const room = await office.room(session);
  const auth = { token: await session.token(), proto: 1 };
  const most = room.live.hello.lim.sockets;
  const others = Array.from({ length: most }, () =>
    io(url, { auth, forceNew: true, transports: ["websocket"] }),
  );
  await until(() => /too many/.test(room.live.reason));
  assert.deepEqual([room.state, room.wire.connections], ["offline", 1]);
  others.forEach((other) => other.disconnect());
  room.live.wake();
  await until(() => room.state === "live");
  await equals(room, office);
});

test("a refused command is a Refusal with the server's code, and an unsent one says OFFLINE", async () => {
  const office = await anOffice(1);
  const room = await office.room(await office.hire("Ana Alder"));
  await assert.rejects(room.call("escrows:get", { id: "nothing" }), (problem) => {
    assert.ok(problem instanceof Refusal);
    return problem.code === "NOT_FOUND";
  });
  room.wire.cut = true;
  room.wire.pull();
  await until(() => room.state === "offline");
  await assert.rejects(room.call("escrows:list"), { code: "OFFLINE" });
});

test("signing in with a wrong password is refused in words", async () => {
  const session = new Session({ url });
  await assert.rejects(session.signIn({ email: "nobody@homes.example", password: "wrong" }), {
    code: "AUTH_REQUIRED",
  });
});

test("what piled up offline leaves no faster than the server takes it, and all of it", async () => {
  const office = await anOffice(1);
  const room = await office.room(await office.hire("Ana Alder"));
  room.wire.cut = true;
  room.wire.pull();
  await until(() => room.state === "offline");
  const fields = { purchase_price: 1, closing_date: "2030-01-01" };
  const made = Array.from({ length: 60 }, (_, i) =>
    room.create("escrows", { property_address: `${i} Elm Ct`, ...fields }),
  );
  room.wire.cut = false;
  room.live.wake();
  await Promise.all(made);
  await equals(room, office);
  assert.equal(room.all("escrows").length, 61);
  assert.equal(room.wire.connections, 2, "nobody was sent away");
});
});
