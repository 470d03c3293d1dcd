// The official client on a machine that slept past its token's end, by the client rules of docs/protocol.md.
// Arguments: address, access token, refresh token, team, last seq to wait for.
// Prints "ready" once it is in, and one JSON line a while after it has followed the log that far.
import { io } from "socket.io-client";

const [url, access, refresh, team, until] = process.argv.slice(2);
const QUIET_MS = 1500;
let token = access;
let refreshToken = refresh;
let position = null;
const told = { seen: [], modes: [], refused: [], refreshes: 0, doubled: 0 };

const socket = io(url, {
  transports: ["websocket"],
  reconnectionDelay: 100,
  auth: (give) => give({ token, proto: 1, subs: position ? [{ team, ...position }] : undefined }),
});

socket.on("hello", ({ teams: [standing] }) => {
  told.modes.push(standing.mode);
  if (standing.mode === "snapshot") position = { s: standing.head, h: standing.h };
  if (told.modes.length === 1) console.log("ready");
});

socket.on("event", (events) => {
  for (const { s, h } of events) {
    if (s !== position.s + 1) told.doubled += 1;
    else {
      position = { s, h };
      told.seen.push(s);
    }
  }
  if (position.s === Number(until)) setTimeout(leave, QUIET_MS);
});

socket.on("connect_error", async ({ data }) => {
  told.refused.push(data?.code);
  if (data?.code !== "TOKEN_EXPIRED") return;
  token = await next();
  socket.connect();
});

async function next() {
  told.refreshes += 1;
  const body = JSON.stringify({ refresh_token: refreshToken });
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`${url}/v1/auth/refresh`, { method: "POST", headers, body });
  const { data } = await answer.json();
  refreshToken = data.refresh_token;
  return data.access_token;
}

function leave() {
  console.log(JSON.stringify(told));
  socket.disconnect();
}
