"""One box over all records: GET /v1/search, and the socket command `search`."""

import json
from collections.abc import Mapping
from typing import Any

from db.as_of import EVERYTHING, AsOf
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.errors import Invalid
from domains.kit.finding import Asked
from domains.kit.resource import Resource
from domains.kit.services import Services
from domains.search.matched import matched
from domains.search.models import Found, SearchQuery
from domains.search.statement import statement
from domains.users.resource import users_for


def endpoints(services: Services) -> list[Endpoint]:
    async def find(call: Call) -> Reply:
        query: SearchQuery = call.params
        role = call.who.role
        kinds = [r for r in (*services.resources, users_for(role)) if role in r.readers]
        asked = Asked.of(query.q)
        if asked is None:
            raise Invalid.field("q", "asks for nothing", "missing")
        made = statement(_of(kinds, query.entity), call.who, query, asked)
        row = await services.db.one(made.sql, *made.args)
        hits = [_hit(asked, hit) for hit in row["hits"]]
        data = {"hits": hits, "counts": row["counts"] or {}}
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return Reply(text.encode(), as_of=AsOf.read(row["as_of"]))

    return [
        Endpoint(
            name="search",
            method=Method.GET,
            path="/search",
            run=find,
            returns=Found,
            summary="Find records of every kind by what they are known by",
            params=SearchQuery,
            tag="search",
            topics=EVERYTHING,
        )
    ]


def _of(kinds: list[Resource], entity: str | None) -> list[Resource]:
    if entity is None:
        return kinds
    named = [kind for kind in kinds if entity in (kind.name, kind.plural)]
    if not named:
        known = ", ".join(kind.name for kind in kinds)
        raise Invalid.field("entity", f"is none of {known}", "unknown")
    return named


def _hit(asked: Asked, row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name not in ("plural", "fields")}
    return {
        **shown,
        "matched": matched(asked, row["fields"]),
        "url": f"/v1/{row['plural']}/{row['id']}",
    }
