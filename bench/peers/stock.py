"""The obvious Python server, as the documentation of its parts shows it, to be measured beside us.

aiohttp for HTTP, asyncpg's pool for rows, python-socketio with AsyncRedisManager for rooms. It
trusts the X-Team and X-User headers, numbers no events and keeps no log.
"""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import asyncpg
import socketio  # type: ignore[import-untyped]  # the library has no types
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MOST: Final = 100
PLAIN: Final = (str, int, float, list, dict, type(None))
WITHOUT_A_TEAM: Final = ("/healthz", "/socket.io/")

routes = web.RouteTableDef()
POOL: web.AppKey["asyncpg.Pool[asyncpg.Record]"] = web.AppKey("pool")
TEAM = web.RequestKey("team", UUID)
USER = web.RequestKey("user", UUID)

manager = socketio.AsyncRedisManager(
    os.environ["REDIS_URL"], channel=os.environ.get("CHANNEL", "socketio")
)
sio = socketio.AsyncServer(client_manager=manager, async_mode="aiohttp", cors_allowed_origins="*")


@sio.event  # type: ignore[untyped-decorator]  # the library has no types
async def connect(sid: str, _environ: Mapping[str, Any], auth: Mapping[str, str]) -> None:
    await sio.enter_room(sid, auth["team"])


def fields(row: "asyncpg.Record") -> dict[str, Any]:
    """A row in JSON's own types, which is all that json and python-socketio take."""
    return {name: value if isinstance(value, PLAIN) else told(value) for name, value in row.items()}


def told(value: object) -> float | str:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def answer(value: Mapping[str, Any], status: int = 200) -> web.Response:
    return web.json_response(value, status=status)


@web.middleware
async def sign_in(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not request.path.startswith(WITHOUT_A_TEAM):
        try:
            request[TEAM] = UUID(request.headers["X-Team"])
            request[USER] = UUID(request.headers["X-User"])
        except (KeyError, ValueError):
            return answer({"success": False}, 401)
    return await handler(request)


@routes.get("/healthz")
async def healthz(_: web.Request) -> web.Response:
    return answer({"success": True})


@routes.get("/v1/escrows")
async def list_escrows(request: web.Request) -> web.Response:
    limit = min(int(request.query.get("limit", 20)), MOST)
    page = int(request.query.get("page", 1))
    async with request.app[POOL].acquire() as connection:
        items = await connection.fetch(
            "SELECT * FROM escrows WHERE team_id = $1 AND deleted_at IS NULL"
            " AND archived_at IS NULL ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3",
            request[TEAM],
            limit,
            (page - 1) * limit,
        )
        total = await connection.fetchval(
            "SELECT count(*) FROM escrows WHERE team_id = $1 AND deleted_at IS NULL"
            " AND archived_at IS NULL",
            request[TEAM],
        )
        stats = await connection.fetch(
            "SELECT escrow_status, count(*), sum(purchase_price) AS volume FROM escrows"
            " WHERE team_id = $1 AND deleted_at IS NULL AND archived_at IS NULL"
            " GROUP BY escrow_status",
            request[TEAM],
        )
    return answer(
        {
            "success": True,
            "data": [fields(row) for row in items],
            "pagination": {
                "page": page,
                "limit": limit,
                "total": total,
                "pages": -(-total // limit),
            },
            "stats": {row["escrow_status"]: fields(row) for row in stats},
        }
    )


@routes.get("/v1/escrows/{id}")
async def get_escrow(request: web.Request) -> web.Response:
    row = await request.app[POOL].fetchrow(
        "SELECT * FROM escrows WHERE id = $1 AND team_id = $2 AND deleted_at IS NULL",
        UUID(request.match_info["id"]),
        request[TEAM],
    )
    if row is None:
        return answer({"success": False}, 404)
    return answer({"success": True, "data": fields(row)})


@routes.post("/v1/escrows")
async def create_escrow(request: web.Request) -> web.Response:
    body = await request.json()
    if not {"property_address", "purchase_price", "closing_date"} <= body.keys():
        return answer({"success": False}, 400)
    row = await request.app[POOL].fetchrow(
        "INSERT INTO escrows (team_id, owner_id, created_by, last_modified_by, property_address,"
        " purchase_price, closing_date, buyers, sellers, escrow_status)"
        " VALUES ($1, $2, $2, $2, $3, $4, $5, $6, $7, 'pending') RETURNING *",
        request[TEAM],
        request[USER],
        body["property_address"],
        Decimal(str(body["purchase_price"])),
        date.fromisoformat(body["closing_date"]),
        body.get("buyers", []),
        body.get("sellers", []),
    )
    if row is None:
        return answer({"success": False}, 500)
    escrow = fields(row)
    await sio.emit("escrow:created", escrow, room=escrow["team_id"])
    return answer({"success": True, "data": escrow}, 201)


@routes.patch("/v1/escrows/{id}")
async def update_escrow(request: web.Request) -> web.Response:
    body = await request.json()
    row = await request.app[POOL].fetchrow(
        "UPDATE escrows SET notes = $4, version = version + 1, updated_at = now(),"
        " last_modified_by = $3 WHERE id = $1 AND team_id = $2 AND deleted_at IS NULL RETURNING *",
        UUID(request.match_info["id"]),
        request[TEAM],
        request[USER],
        body["notes"],
    )
    if row is None:
        return answer({"success": False}, 404)
    escrow = fields(row)
    await sio.emit("escrow:updated", escrow, room=escrow["team_id"])
    return answer({"success": True, "data": escrow})


@routes.patch("/v1/teams/current/members/{id}")
async def change_role(request: web.Request) -> web.Response:
    body = await request.json()
    row = await request.app[POOL].fetchrow(
        "UPDATE members SET role = $3, version = version + 1"
        " WHERE team_id = $1 AND user_id = $2 AND removed_at IS NULL RETURNING *",
        request[TEAM],
        UUID(request.match_info["id"]),
        body["role"],
    )
    if row is None:
        return answer({"success": False}, 404)
    member = fields(row)
    await sio.emit("member:updated", member, room=member["team_id"])
    return answer({"success": True, "data": member})


@routes.patch("/v1/teams/current/members")
async def change_roles(request: web.Request) -> web.Response:
    body = await request.json()
    rows = await request.app[POOL].fetch(
        "UPDATE members SET role = $3, version = version + 1"
        " WHERE team_id = $1 AND user_id = ANY ($2) AND removed_at IS NULL RETURNING *",
        request[TEAM],
        [UUID(each) for each in body["ids"]],
        body["role"],
    )
    members = [fields(row) for row in rows]
    for member in members:
        await sio.emit("member:updated", member, room=member["team_id"])
    return answer({"success": True, "data": members})


async def speak_json(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec(
        "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
    )


async def pool(app: web.Application) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], init=speak_json) as app[POOL]:
        yield


def main() -> None:
    app = web.Application(middlewares=[sign_in])
    app.cleanup_ctx.append(pool)
    app.add_routes(routes)
    sio.attach(app)
    loop = None
    if os.environ.get("UVLOOP"):
        import uvloop  # noqa: PLC0415 - the documentation does without; this is a second opinion

        loop = uvloop.new_event_loop()
    web.run_app(
        app, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=None, print=None, loop=loop
    )


if __name__ == "__main__":
    main()
