"""What contacts offer to the outside."""

from dataclasses import replace
from typing import Any

from domains.contacts import distinct, duplicates, service
from domains.contacts.merging import merge
from domains.contacts.models import (
    Contact,
    ContactSearch,
    Distinct,
    Duplicate,
    DuplicatePair,
    DuplicateQuery,
    Merge,
    PairQuery,
    PrimaryRole,
    Unmerge,
    Unmerged,
)
from domains.contacts.resource import CONTACTS
from domains.contacts.roles import make_primary
from domains.contacts.unmerging import unmerge
from domains.kit.crud import crud
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.replies import reply
from domains.kit.services import Services

ONE = "/contacts/{id}"


def endpoints(services: Services) -> list[Endpoint]:
    db = services.db

    async def create(call: Call) -> Reply:
        return reply(await service.create(db, call.who, call.body.model_dump(), call.op))

    async def search(call: Call) -> Reply:
        return await service.search(db, call.who, call.params)

    async def pairs(call: Call) -> Reply:
        return await duplicates.pairs(db, call.who, call.params)

    async def of_one(call: Call) -> Reply:
        return await duplicates.of_one(db, call.who, call.path["id"], call.params)

    async def merging(call: Call) -> Reply:
        return reply(await merge(db, call.who, call.path["id"], call.body, call.version, call.op))

    async def unmerging(call: Call) -> Reply:
        return reply(await unmerge(db, call.who, call.path["id"], call.body, call.version, call.op))

    async def tell_apart(call: Call) -> Reply:
        key, other = call.path["id"], call.body.other_id
        return reply(await distinct.tell_apart(db, call.who, key, other, call.version, call.op))

    async def compare_again(call: Call) -> Reply:
        key, other = call.path["id"], call.path["other_id"]
        return reply(await distinct.compare_again(db, call.who, key, other, call.version, call.op))

    async def primary(call: Call) -> Reply:
        return reply(
            await make_primary(db, call.who, call.path["id"], call.body, call.version, call.op)
        )

    kept: dict[str, Any] = {
        "roles": CONTACTS.readers,
        "tag": "contacts",
        "topics": CONTACTS.topics,
    }
    writing: dict[str, Any] = {"roles": CONTACTS.writers, "tag": "contacts"}
    found = [
        # Before /contacts/{id}, which would take their names for ids.
        Endpoint("contacts:search", Method.GET, "/contacts/search", search, Contact,
                 "Search contacts by role and name", params=ContactSearch, many=True, **kept),
        Endpoint("contacts:duplicates", Method.GET, "/contacts/duplicates", pairs, DuplicatePair,
                 "List pairs of contacts that may be one person", params=PairQuery, many=True,
                 **kept),
        Endpoint("contacts:primary_role", Method.PUT, f"{ONE}/roles/primary", primary, Contact,
                 "Make one of a contact's roles the primary one", body=PrimaryRole, **writing),
        *(
            replace(each, run=create) if each.name == "contacts:create" else each
            for each in crud(db, CONTACTS)
        ),
        Endpoint("contacts:duplicates_of", Method.GET, f"{ONE}/duplicates", of_one, Duplicate,
                 "List contacts that may be the same person", params=DuplicateQuery, many=True,
                 **kept),
        Endpoint("contacts:distinct", Method.POST, f"{ONE}/distinct", tell_apart, Contact,
                 "Say that another contact is not the same person", body=Distinct, **writing),
        Endpoint("contacts:undistinct", Method.DELETE, f"{ONE}/distinct/{{other_id}}",
                 compare_again, Contact, "Take back that two contacts are not the same person",
                 **writing),
        Endpoint("contacts:merge", Method.POST, f"{ONE}/merge", merging, Contact,
                 "Merge another contact into this one", body=Merge, **writing),
        Endpoint("contacts:unmerge", Method.POST, f"{ONE}/unmerge", unmerging, Unmerged,
                 "Take the last merge into a contact back", body=Unmerge, **writing),
    ]  # fmt: skip
    return [replace(each, successor="{id}" in each.path) for each in found]
