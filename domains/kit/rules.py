"""Rules that more than one kind of record obeys."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from domains.kit.errors import Detail
from domains.kit.resource import Moment, Record


def not_before(record: Record, later: str, earlier: str) -> Iterable[Detail]:
    """`later` may not lie before `earlier` where both are known."""
    first, second = record.get(earlier), record.get(later)
    if first is not None and second is not None and second < first:
        yield {
            "field": later,
            "message": f"is before {earlier} ({first.isoformat()})",
            "code": "too_early",
            "with": [earlier],
        }


def not_after(record: Record, earlier: str, later: str) -> Iterable[Detail]:
    """`earlier` may not lie after `later` where both are known."""
    first, second = record.get(earlier), record.get(later)
    if first is not None and second is not None and first > second:
        yield {
            "field": earlier,
            "message": f"is after {later} ({second.isoformat()})",
            "code": "too_late",
            "with": [later],
        }


def year_built(record: Record) -> Iterable[Detail]:
    """A house may be planned, but not for later than two years from now."""
    year, latest = record.get("year_built"), datetime.now(UTC).year + 2
    if year is not None and year > latest:
        yield {"field": "year_built", "message": f"is after {latest}", "code": "too_late"}


def status_columns(
    status: str, before: Record | None, after: Record, moment: Moment
) -> Mapping[str, Any]:
    """RESO keeps the day a status took effect and the instant it was recorded apart; so do we."""
    if before is not None and before[status] == after[status]:
        return {}
    return {"contract_status_change_date": moment.day, "status_change_timestamp": moment.now}


def percent(count: str) -> str:
    """An SQL aggregate: this count as a percentage of all rows, to one decimal."""
    return f"coalesce(round(100.0 * {count} / nullif(count(*), 0), 1), 0)"
