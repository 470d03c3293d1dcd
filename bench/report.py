"""From what was measured to what may be said: medians, ratios within a round, a table, a file."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from typing_extensions import override

from bench.meter import percentile
from bench.plan import Part
from bench.subjects import NODE, OURS, STOCK

BUSY: Final = 0.9  # share of its core above which the load generator may be the limit
MAIN: Final = {
    Part.REST: "cpu_us",
    Part.ROOMS: "cpu_us",
    Part.HERD: "seconds",
    Part.MEMORY: "bytes",
    Part.PAUSE: "pause_ms",
}
TITLES: Final = {
    Part.REST: "Server CPU per request, µs",
    Part.ROOMS: "Server CPU per delivered event, µs",
    Part.HERD: "From the cut until the last is back, s",
    Part.MEMORY: "Memory per idle connection, KB",
    Part.PAUSE: "Full garbage collection, ms",
}
UNITS: Final = {
    Part.REST: "µs",
    Part.ROOMS: "µs",
    Part.HERD: "s",
    Part.MEMORY: "KB",
    Part.PAUSE: "ms",
}
SCALES: Final = {part: 1 / 1024 if part is Part.MEMORY else 1.0 for part in Part}
TITLE, CELL = 46, 18


@dataclass(frozen=True, slots=True)
class Sample:
    """One measure of one server in one round."""

    part: Part
    measure: str
    server: str
    round: int
    values: dict[str, float]
    last_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Target:
    """The most that ours may take: of another server's figure, or in the measure's own unit."""

    part: Part
    measure: str
    most: float
    of: str | None = None


TARGETS: Final = (
    Target(Part.REST, "list 20, anew", 0.5, of=STOCK),
    Target(Part.REST, "list 50, anew", 0.5, of=STOCK),
    Target(Part.REST, "get, anew", 0.5, of=STOCK),
    Target(Part.REST, "list 50, again", 0.1, of=NODE),
    Target(Part.REST, "list 50, known (304)", 0.1, of=NODE),
    Target(Part.ROOMS, "small event, 5000", 0.7, of=NODE),
    Target(Part.ROOMS, "burst of 10, 5000", 0.15, of=NODE),
    Target(Part.HERD, "herd, 5000", 1.0, of=NODE),
    Target(Part.MEMORY, "idle, 5000", 8.0),
    Target(Part.PAUSE, "full collection, 5000", 50.0),
)


@dataclass(frozen=True, slots=True)
class Ratio:
    """What a server takes for each unit that another takes."""

    middle: float
    least: float
    most: float
    rounds: int

    @override
    def __str__(self) -> str:
        if self.rounds == 1:
            return f"{self.middle:.2f}"
        return f"{self.middle:.2f} ({self.least:.2f}-{self.most:.2f})"


def ratio(samples: Iterable[Sample], measure: str, key: str, *, of: str, to: str) -> Ratio | None:
    """The median of the rounds' own ratios: other work on the machine hits a round as a whole.

    A round in which one of the two is missing says nothing; None when that leaves none.
    """
    by_round: dict[int, dict[str, float]] = {}
    for sample in samples:
        if sample.measure == measure and key in sample.values:
            by_round.setdefault(sample.round, {})[sample.server] = sample.values[key]
    found = [one[of] / one[to] for one in by_round.values() if of in one and one.get(to, 0) > 0]
    if not found:
        return None
    return Ratio(statistics.median(found), min(found), max(found), len(found))


def middle(samples: Iterable[Sample], measure: str, server: str, key: str) -> float | None:
    found = [
        sample.values[key]
        for sample in samples
        if (sample.measure, sample.server) == (measure, server) and key in sample.values
    ]
    return statistics.median(found) if found else None


def text(samples: Sequence[Sample]) -> str:
    """Everything a person wants to know, in tables."""
    servers = list(dict.fromkeys(sample.server for sample in samples))
    lines: list[str] = []
    for part in Part:
        measures = _measures(samples, part)
        if measures:
            lines += ["", *_costs(samples, part, measures, servers)]
    lines += _details(samples, servers)
    lines += ["", *_verdicts(samples), _load(samples)]
    return "\n".join(lines)


def as_json(samples: Sequence[Sample]) -> list[dict[str, object]]:
    """Each measure with each server's median, and ours against each other's."""
    others = [name for name in dict.fromkeys(s.server for s in samples) if name != OURS]
    found: list[dict[str, object]] = []
    for part in Part:
        for measure in _measures(samples, part):
            key = MAIN[part]
            entry: dict[str, object] = {"part": part, "measure": measure, "key": key}
            entry["median"] = {s: middle(samples, measure, s, key) for s in [OURS, *others]}
            for other in others:
                share = ratio(samples, measure, key, of=OURS, to=other)
                if share:
                    entry[f"ours/{other}"] = [share.middle, share.least, share.most]
            found.append(entry)
    return found


def _measures(samples: Iterable[Sample], part: Part) -> list[str]:
    return list(dict.fromkeys(sample.measure for sample in samples if sample.part is part))


def _costs(
    samples: Sequence[Sample], part: Part, measures: Sequence[str], servers: Sequence[str]
) -> list[str]:
    others = [server for server in servers if server != OURS]
    titles = [*servers, *(f"ours/{other}" for other in others)] if OURS in servers else servers
    lines = [_row(TITLES[part], titles)]
    for measure in measures:
        cells = [
            _number(middle(samples, measure, server, MAIN[part]), SCALES[part])
            for server in servers
        ]
        for other in others if OURS in servers else ():
            share = ratio(samples, measure, MAIN[part], of=OURS, to=other)
            cells.append(str(share) if share else "")
        lines.append(_row("  " + measure, cells))
    return lines


def _details(samples: Sequence[Sample], servers: Sequence[str]) -> list[str]:
    """Beside the server's CPU: what Postgres did for it, sizes, and how long people waited."""
    lines: list[str] = []
    if measures := _measures(samples, Part.REST):
        for title, key in (
            ("Postgres CPU per request, µs", "postgres_us"),
            ("Bytes of an answer", "bytes"),
            ("Answered after, p50 ms", "p50_ms"),
            ("Answered after, p99 ms", "p99_ms"),
        ):
            lines += ["", *_plain(samples, title, measures, servers, key)]
    if measures := _measures(samples, Part.HERD):
        title = "Server CPU per screen, gone and back, µs"
        lines += ["", *_plain(samples, title, measures, servers, "enter_us")]
    if measures := [m for m in _measures(samples, Part.MEMORY) if m.endswith(" s")]:
        rows = [
            ("Idle CPU, % of a core", "idle_share", 100),
            ("Resident, MB", "resident_bytes", 1e-6),
        ]
        for title, key, scale in rows:
            lines += ["", *_plain(samples, title, measures, servers, key, scale)]
    if measures := _measures(samples, Part.PAUSE):
        title = "Tracked objects per connection"
        lines += ["", *_plain(samples, title, measures, servers, "objects")]
    if measures := _measures(samples, Part.ROOMS):
        for title, key in (
            ("Bytes of a message", "bytes"),
            ("Server CPU per write that nobody hears, µs", "write_us"),
            ("Server CPU per screen that enters, µs", "enter_us"),
        ):
            lines += ["", *_plain(samples, title, measures, servers, key)]
        lines += ["", _row("From write to the last screen, ms p50/p95/p99", servers)]
        lines += [
            _row("  " + measure, [_last(samples, measure, server) for server in servers])
            for measure in measures
        ]
    return lines


def _plain(
    samples: Sequence[Sample],
    title: str,
    measures: Sequence[str],
    servers: Sequence[str],
    key: str,
    scale: float = 1.0,
) -> list[str]:
    return [
        _row(title, servers),
        *(
            _row("  " + m, [_number(middle(samples, m, s, key), scale) for s in servers])
            for m in measures
        ),
    ]


def _last(samples: Iterable[Sample], measure: str, server: str) -> str:
    """Of all rounds together, for one has few writes to a large room."""
    waits = [
        wait
        for sample in samples
        if (sample.measure, sample.server) == (measure, server)
        for wait in sample.last_ms
    ]
    return "/".join(f"{percentile(waits, p):.0f}" for p in (50, 95, 99)) if waits else ""


def _verdicts(samples: Sequence[Sample]) -> list[str]:
    lines = []
    for target in TARGETS:
        key, unit = MAIN[target.part], UNITS[target.part]
        if target.of is None:
            took = middle(samples, target.measure, OURS, key)
            took = None if took is None else took * SCALES[target.part]
            said = f"{took:.1f} {unit}, target {target.most:.0f} {unit}" if took else ""
        else:
            share = ratio(samples, target.measure, key, of=OURS, to=target.of)
            took = None if share is None else share.middle
            said = f"{took:.2f} of {target.of}, target {target.most:.2f}" if took else ""
        if took is not None:
            verdict = "met" if took <= target.most else "MISSED"
            lines.append(f"{target.measure}: {said}: {verdict}")
    return lines


def _load(samples: Iterable[Sample]) -> str:
    """Whether the generator was the limit: what it used of its own core, at most."""
    busiest = max((sample.values.get("load_share", 0.0) for sample in samples), default=0.0)
    warning = "; IT MAY HAVE BEEN THE LIMIT" if busiest > BUSY else ""
    return f"load generator: at most {busiest:.0%} of its core{warning}"


def _row(title: str, cells: Iterable[str]) -> str:
    return f"{title:<{TITLE}}" + "".join(f"{cell:>{CELL}}" for cell in cells)


def _number(value: float | None, scale: float = 1.0) -> str:
    if value is None:
        return ""
    value *= scale
    return f"{value:,.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
