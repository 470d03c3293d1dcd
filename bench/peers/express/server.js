// The stack of the earlier system, to be measured beside us: Express, pg's pool, socket.io with its
// Redis adapter. It trusts the X-Team and X-User headers, numbers no events and keeps no log.
"use strict";

const { createServer } = require("node:http");
const { createAdapter } = require("@socket.io/redis-adapter");
const express = require("express");
const { Pool } = require("pg");
const { createClient } = require("redis");
const { Server } = require("socket.io");

const MOST = 100;
const LISTED = "team_id = $1 AND deleted_at IS NULL AND archived_at IS NULL";

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const app = express();
const server = createServer(app);
const io = new Server(server);

function tell(name, row) {
  io.to(row.team_id).emit(name, row);
}

function signIn(request, response, next) {
  const team = request.get("X-Team");
  const user = request.get("X-User");
  if (!team || !user) return response.status(401).json({ success: false });
  request.who = { team, user };
  next();
}

async function list(request, response) {
  const limit = Math.min(Number(request.query.limit ?? 20), MOST);
  const page = Number(request.query.page ?? 1);
  const { team } = request.who;
  const [items, total, stats] = await Promise.all([
    pool.query(
      `SELECT * FROM escrows WHERE ${LISTED} ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3`,
      [team, limit, (page - 1) * limit],
    ),
    pool.query(`SELECT count(*)::int AS n FROM escrows WHERE ${LISTED}`, [team]),
    pool.query(
      `SELECT escrow_status, count(*)::int AS count, sum(purchase_price) AS volume
       FROM escrows WHERE ${LISTED} GROUP BY escrow_status`,
      [team],
    ),
  ]);
  const count = total.rows[0].n;
  response.json({
    success: true,
    data: items.rows,
    pagination: { page, limit, total: count, pages: Math.ceil(count / limit) },
    stats: Object.fromEntries(stats.rows.map((row) => [row.escrow_status, row])),
  });
}

async function get(request, response) {
  const found = await pool.query(
    "SELECT * FROM escrows WHERE id = $1 AND team_id = $2 AND deleted_at IS NULL",
    [request.params.id, request.who.team],
  );
  if (!found.rows.length) return response.status(404).json({ success: false });
  response.json({ success: true, data: found.rows[0] });
}

async function create(request, response) {
  const body = request.body;
  if (!body.property_address || body.purchase_price === undefined || !body.closing_date) {
    return response.status(400).json({ success: false });
  }
  const made = await pool.query(
    `INSERT INTO escrows (team_id, owner_id, created_by, last_modified_by, property_address,
       purchase_price, closing_date, buyers, sellers, escrow_status)
     VALUES ($1, $2, $2, $2, $3, $4, $5, $6, $7, 'pending') RETURNING *`,
    [
      request.who.team,
      request.who.user,
      body.property_address,
      body.purchase_price,
      body.closing_date,
      body.buyers ?? [],
      body.sellers ?? [],
    ],
  );
  tell("escrow:created", made.rows[0]);
  response.status(201).json({ success: true, data: made.rows[0] });
}

async function update(request, response) {
  const changed = await pool.query(
    `UPDATE escrows SET notes = $4, version = version + 1, updated_at = now(),
       last_modified_by = $3 WHERE id = $1 AND team_id = $2 AND deleted_at IS NULL RETURNING *`,
    [request.params.id, request.who.team, request.who.user, request.body.notes],
  );
  if (!changed.rows.length) return response.status(404).json({ success: false });
  tell("escrow:updated", changed.rows[0]);
  response.json({ success: true, data: changed.rows[0] });
}

async function changeRole(request, response) {
  const changed = await pool.query(
    `UPDATE members SET role = $3, version = version + 1
     WHERE team_id = $1 AND user_id = $2 AND removed_at IS NULL RETURNING *`,
    [request.who.team, request.params.id, request.body.role],
  );
  if (!changed.rows.length) return response.status(404).json({ success: false });
  tell("member:updated", changed.rows[0]);
  response.json({ success: true, data: changed.rows[0] });
}

async function changeRoles(request, response) {
  const changed = await pool.query(
    `UPDATE members SET role = $3, version = version + 1
     WHERE team_id = $1 AND user_id = ANY ($2) AND removed_at IS NULL RETURNING *`,
    [request.who.team, request.body.ids, request.body.role],
  );
  for (const member of changed.rows) tell("member:updated", member);
  response.json({ success: true, data: changed.rows });
}

async function main() {
  const publisher = createClient({ url: process.env.REDIS_URL });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  io.adapter(createAdapter(publisher, subscriber));
  io.on("connection", (socket) => socket.join(socket.handshake.auth.team));

  app.use(express.json());
  app.get("/healthz", (_, response) => response.json({ success: true }));
  app.use("/v1", signIn);
  app.route("/v1/escrows").get(list).post(create);
  app.route("/v1/escrows/:id").get(get).patch(update);
  app.patch("/v1/teams/current/members", changeRoles);
  app.patch("/v1/teams/current/members/:id", changeRole);
  server.listen(Number(process.env.PORT), "127.0.0.1", 4096);
}

main();
