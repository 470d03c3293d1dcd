"""How likely a lead is to become a client: 0 to 100 points, and what each of them is for.

A pure function of what is known and of the day; docs/domains/leads.md shows its table.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

SOURCE: Final = {
    "walk_in": 30,
    "referral": 25,
    "partner": 22,
    "phone": 20,
    "social": 15,
    "email": 12,
    "website": 10,
    "ad": 8,
    "other": 5,
}
# Points from this budget on, in dollars.
BUDGET: Final = (
    (2_000_000, 35),
    (1_000_000, 30),
    (750_000, 25),
    (500_000, 20),
    (350_000, 15),
    (200_000, 10),
    (1, 5),
)
TIMELINE: Final = {
    "immediate": 30,
    "one_to_three_months": 24,
    "three_to_six_months": 16,
    "six_to_twelve_months": 10,
    "over_a_year": 5,
    "no_plans": 2,
}
# What the three above leave of the hundred is for what was done together.
ACTIVITY: Final = {"showing": 3, "meeting": 3, "call": 2, "text": 1, "email": 1, "note": 0}
MOST_FOR_ACTIVITY: Final = 5

IDLE_DAYS: Final = 7
DECAY_PERCENT: Final = 2  # of the other parts' sum, for each idle day after those
FLOOR: Final = 10

HOT, WARM = 70, 40

# What a score is made of: it is made again when one of these changes.
INPUTS: Final = (
    "lead_source",
    "budget",
    "budget_min",
    "budget_max",
    "timeline",
    "last_contact_date",
    "activity_points",
)


@dataclass(frozen=True, slots=True)
class Part:
    part: str
    points: int
    why: str


@dataclass(frozen=True, slots=True)
class Score:
    parts: tuple[Part, ...]

    @property
    def points(self) -> int:
        return sum(part.points for part in self.parts)

    def columns(self) -> dict[str, Any]:
        parts = [{"part": p.part, "points": p.points, "why": p.why} for p in self.parts]
        return {"lead_score": self.points, "score_parts": parts}


def score(lead: Mapping[str, Any], entered: date, today: date) -> Score:
    """The score of a lead that was entered on a day; a day to come has never been idle."""
    parts = (_source(lead), _budget(lead), _timeline(lead), _activity(lead))
    since = max(entered, lead.get("last_contact_date") or entered)
    return Score((*parts, _decay(sum(part.points for part in parts), since, today)))


def worth(activity_types: Iterable[str]) -> int:
    """The points of what was done, as far as they count."""
    return min(MOST_FOR_ACTIVITY, sum(ACTIVITY[done] for done in activity_types))


def _source(lead: Mapping[str, Any]) -> Part:
    source = str(lead["lead_source"])
    return Part("source", SOURCE[source], source.replace("_", " "))


def _budget(lead: Mapping[str, Any]) -> Part:
    for name in ("budget", "budget_max", "budget_min"):
        dollars: Decimal | None = lead.get(name)
        if dollars is not None:
            points = next((points for least, points in BUDGET if dollars >= least), 0)
            return Part("budget", points, f"{name.replace('_', ' ')} {dollars:,.0f}")
    return Part("budget", 0, "no budget known")


def _timeline(lead: Mapping[str, Any]) -> Part:
    timeline = lead.get("timeline")
    if timeline is None:
        return Part("timeline", 0, "no timeline known")
    return Part("timeline", TIMELINE[str(timeline)], str(timeline).replace("_", " "))


def _activity(lead: Mapping[str, Any]) -> Part:
    points = min(MOST_FOR_ACTIVITY, lead.get("activity_points", 0))
    return Part("activity", points, "spoken to" if points else "not spoken to yet")


def _decay(points: int, since: date, today: date) -> Part:
    """Two percent a day after a week without a word; it never takes a score below the floor."""
    late = max(0, (today - since).days - IDLE_DAYS)
    left = points - points * DECAY_PERCENT * late // 100
    left = max(left, min(points, FLOOR))
    return Part("decay", left - points, f"not a word since {since}" if late else "in touch")
