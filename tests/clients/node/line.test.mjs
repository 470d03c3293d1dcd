// When a line is dialled again: what the server asked for counts more than any habit of the client.
import assert from "node:assert/strict";
import { mock, test } from "node:test";

// A part that the package keeps to itself.
const { Line } = await import(new URL("line.js", import.meta.resolve("homeroom-client")));

const RATE = 4013;

/** A socket.io that connects to nothing; the test says what the server does. */
class Socket {
  dialled = 0;
  connected = false;
  #heard = new Map();

  on(name, hear) {
    this.#heard.set(name, hear);
  }

  connect() {
    this.dialled += 1;
    this.connected = true;
  }

  disconnect() {
    this.says("disconnect", "io client disconnect");
  }

  says(name, ...said) {
    this.#heard.get(name)?.(...said);
  }

  ends(reason, code) {
    this.connected = false;
    this.says("disconnect", reason, { context: { code } });
  }
}

function aLine(t, refused = () => "again") {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  t.after(() => mock.timers.reset());
  const socket = new Socket();
  const ear = { introduce: async () => ({}), hello() {}, events: {}, lost() {}, evicted() {}, refused };
  const line = new Line(ear, () => socket, "http://nowhere.example");
  line.start();
  socket.says("hello", { hb: 15 });
  return { line, socket };
}

/** It is dialled after so long, and not a moment sooner. */
function dialsAfter(socket, ms) {
  const before = socket.dialled;
  mock.timers.tick(ms - 1);
  assert.equal(socket.dialled, before, "too soon");
  mock.timers.tick(1);
  assert.equal(socket.dialled, before + 1, "not at all");
}

test("a server that is about to close is left alone for as long as it asks", (t) => {
  const { socket } = aLine(t);
  socket.says("drain", { retry_ms: 4_200 });
  mock.timers.tick(200); // until it closes
  socket.ends("transport close", 4010);
  dialsAfter(socket, 4_000);
});

test("what one server asked for does not count for the next", (t) => {
  const { socket } = aLine(t);
  socket.says("drain", { retry_ms: 60_000 });
  socket.ends("transport close", 4010);
  dialsAfter(socket, 60_000);
  socket.says("hello", { hb: 15 });
  socket.ends("transport close");
  const before = socket.dialled;
  mock.timers.tick(600);
  assert.equal(socket.dialled, before + 1);
});

test("one who was closed for asking too much stays away for longer than any retry", (t) => {
  const { socket } = aLine(t);
  socket.ends("transport close", RATE);
  dialsAfter(socket, 20_000);
});

test("a full server says when to come again", (t) => {
  const { socket } = aLine(t);
  socket.ends("transport close");
  mock.timers.tick(600);
  const problem = Object.assign(new Error("full"), { data: { code: "UNAVAILABLE", retry_ms: 7_000 } });
  socket.says("connect_error", problem);
  dialsAfter(socket, 7_000);
});

test("who is refused for good does not dial again", (t) => {
  const { socket } = aLine(t, () => "never");
  const problem = Object.assign(new Error("no"), { data: { code: "FORBIDDEN" } });
  socket.says("connect_error", problem);
  const before = socket.dialled;
  mock.timers.tick(3_600_000);
  assert.equal(socket.dialled, before);
});

test("who is sent away waits for whoever owns the line", (t) => {
  const { line, socket } = aLine(t);
  socket.ends("io server disconnect");
  const before = socket.dialled;
  mock.timers.tick(3_600_000);
  assert.equal(socket.dialled, before);
  line.retry(50);
  dialsAfter(socket, 50);
});

test("retries grow, and no two clients take the same moment", (t) => {
  const { socket } = aLine(t);
  const waits = [];
  for (let i = 0; i < 8; i++) {
    socket.ends("transport close");
    const [began, before] = [Date.now(), socket.dialled];
    while (socket.dialled === before) mock.timers.tick(1);
    waits.push(Date.now() - began);
  }
  assert.ok(waits[0] <= 600 && waits.at(-1) >= 4_000 && waits.at(-1) <= 12_000, `${waits}`);
  assert.ok(new Set(waits).size > 4, `${waits}`);
});
