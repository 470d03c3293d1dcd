// The official client, used as its documentation shows, keeping the client rules of docs/protocol.md.
// Arguments: address, token, team, transports ("default" or a comma list), last seq to wait for.
// Prints one JSON line when it has followed the log that far, then leaves.
import { io } from "socket.io-client";

const [url, token, team, transports, until] = process.argv.slice(2);
const seen = [];
const modes = [];
const connections = [];
let doubled = 0;
let skipped = 0;
let position = null;

const socket = io(url, {
  ...(transports === "default" ? {} : { transports: transports.split(",") }),
  reconnectionDelay: 100,
  auth: (give) =>
    give({ token, proto: 1, subs: position ? [{ team, ...position }] : undefined }),
});

socket.io.on("open", () => {
  connections.push(socket.io.engine.transport.name);
});

socket.on("hello", (hello) => {
  const [standing] = hello.teams;
  modes.push(standing.mode);
  if (standing.mode === "snapshot" || standing.mode === "resync") {
    position = { s: standing.head, h: standing.h };
  }
  if (modes.length === 1) console.log("ready");
});

socket.on("event", async (events) => {
  for (const { s, h } of events) {
    if (s <= position.s) {
      doubled += 1;
    } else if (s > position.s + 1) {
      skipped += 1;
    } else {
      position = { s, h };
      seen.push(s);
    }
  }
  if (position.s >= Number(until)) await leave();
});

socket.on("connect_error", (error) => {
  console.log(JSON.stringify({ refused: error.message, data: error.data }));
  if (!socket.active) process.exit(0);
});

let leaving = false;
async function leave() {
  if (leaving) return;
  leaving = true;
  const ack = await socket.timeout(5000).emitWithAck("notes:echo", { text: "für Ana 🏡" });
  const transport = socket.io.engine.transport.name;
  console.log(JSON.stringify({ seen, modes, connections, doubled, skipped, ack, transport }));
  socket.disconnect();
}
