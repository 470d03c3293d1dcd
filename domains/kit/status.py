"""PATCH /:id/status: a move of the state machine with the dates and prices it needs."""

from typing import Any

from pydantic import AliasChoices, Field

from domains.kit.fields import Day, Input, Line, Version, sent
from domains.kit.resource import Moment, Resource


class Move(Input):
    """The part of a move that every resource shares; each adds what its own steps need.

    `effective_date` is the day it took effect (a contract date); today when left out.
    """

    status: Any
    # Refusals name the record's own field, so that name is taken here too.
    reason: Line | None = Field(None, validation_alias=AliasChoices("reason", "status_reason"))
    effective_date: Day | None = None
    version: Version | None = None


def fields_of_move(resource: Resource, move: Input) -> tuple[dict[str, Any], Moment]:
    """The record's fields that a move sets, and its moment."""
    given = sent(move)
    given[resource.status] = given.pop("status")
    given.pop("version", None)
    moment = Moment.given(given.pop("effective_date", None))
    if "reason" in given:
        given["status_reason"] = given.pop("reason")
    return given, moment
