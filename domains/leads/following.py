"""What follows from a change of a lead: when it moved, its score, whether it is in the pond."""

from collections.abc import Mapping
from typing import Any, Final

from domains.kit.resource import Moment, Record
from domains.kit.rules import status_columns
from domains.leads.score import INPUTS, score

OVER: Final = frozenset({"converted", "lost", "unqualified"})


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
    if after.get("in_pond") and after["lead_status"] in OVER:
        columns["in_pond"] = False  # there is nothing to claim any more
    return columns
