"""PATCH /:id/tags: put some on and take some off, whatever others do to the rest meanwhile."""

from collections.abc import Sequence

from pydantic import Field, model_validator

from db.database import Database
from db.transaction import Answer, Operation, Transaction
from domains.kit.actor import Actor
from domains.kit.changes import change
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.errors import Invalid
from domains.kit.fields import Input
from domains.kit.people import MOST_TAGS, Tags
from domains.kit.policy import allow
from domains.kit.replies import reply
from domains.kit.resource import Moment, Resource
from domains.kit.rows import lock
from domains.kit.writes import answer, writer


class Retag(Input):
    """The tags to put on and to take off; what is on or off already stays so. Or all of them."""

    add: Tags = Field(default_factory=list)
    remove: Tags = Field(default_factory=list)
    tags: Tags | None = Field(None, description="All of them, instead of what changes")

    @model_validator(mode="after")
    def _one_way(self) -> "Retag":
        if self.tags is not None and (self.add or self.remove):
            raise ValueError("tags says all of them, add and remove say what changes")
        return self


async def retag(
    db: Database, resource: Resource, actor: Actor, key: str, body: Retag, op: Operation | None
) -> Answer:
    """The tags are read under the record's lock, so that nobody's are lost."""
    allow(actor, resource.writers, f"change {resource.plural}")

    async def work(tx: Transaction) -> Answer:
        row = await lock(tx, resource, key)
        tags = body.tags
        if tags is None:
            tags = _with(row["tags"], body.add, body.remove)
        if len(tags) > MOST_TAGS:
            raise Invalid.field("add", f"makes more than {MOST_TAGS} tags", "too_long")
        given = {"tags": tags}
        return answer(await change(tx, resource, actor, key, given, moment=Moment.given()))

    return await db.write(writer(actor, op), work)


def _with(tags: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> list[str]:
    """A tag is one word in whatever case; the spelling that was there first stays."""
    gone = {tag.casefold() for tag in remove}
    kept = {tag.casefold(): tag for tag in tags if tag.casefold() not in gone}
    for tag in add:
        kept.setdefault(tag.casefold(), tag)
    return list(kept.values())


def tagging(db: Database, resource: Resource) -> Endpoint:
    """The endpoint of a resource whose records have `tags`."""

    async def run(call: Call) -> Reply:
        return reply(await retag(db, resource, call.who, call.path["id"], call.body, call.op))

    return Endpoint(
        name=f"{resource.plural}:tags",
        method=Method.PATCH,
        path=f"/{resource.plural}/{{id}}/tags",
        run=run,
        returns=resource.image,
        summary=f"Put tags on a {resource.name}, or take them off",
        body=Retag,
        roles=resource.writers,
        tag=resource.plural,
    )
