"""What follows from a change of a lead: when it moved, its score, that somebody gave it away."""

from collections.abc import Mapping
from typing import Any

from domains.kit.resource import Moment, Record
from domains.kit.rules import status_columns
from domains.leads.score import INPUTS, score


def derive(before: Record | None, after: Record, moment: Moment) -> Mapping[str, Any]:
    """When it moved, and its score where something that counts has changed."""
    columns = dict(status_columns("lead_status", before, after, moment))
    if before is None or any(before[name] != after[name] for name in INPUTS):
        today = moment.now.date()
        entered = before["created_at"].date() if before else today
        columns |= score(after, entered, today).columns()
    if before is not None and before["owner_id"] != after["owner_id"]:
        # Somebody gave it away by hand: no rule did, and nobody claimed it.
        columns |= {"assigned_at": moment.now, **dict.fromkeys(("claimed_at", "routing_rule_id"))}
        columns["in_pond"] = False
    return columns
