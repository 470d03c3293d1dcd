"""What a row of the fault table demands, what was seen, and how both are told."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Mark:
    """One figure of a row against its pass mark: at most `most`, or at least `least`.

    A `soft` mark is one of speed, which a busy machine may miss: it is told and fails nothing.
    """

    name: str
    seen: float
    most: float | None = None
    least: float | None = None
    unit: str = ""
    soft: bool = False

    @property
    def passed(self) -> bool:
        return self.soft or self.met

    @property
    def met(self) -> bool:
        below = self.most is None or self.seen <= self.most
        return below and (self.least is None or self.seen >= self.least)

    def text(self) -> str:
        bound = "" if self.most is None else f" (at most {_number(self.most)})"
        bound += "" if self.least is None else f" (at least {_number(self.least)})"
        wrong = "" if self.met else "  <-- missed" if self.soft else "  <-- FAILED"
        return f"{self.name}: {_number(self.seen)}{self.unit and ' ' + self.unit}{bound}{wrong}"


@dataclass(slots=True)
class Verdict:
    """A row that was run: its seed repeats it, `scale` says how it was shortened."""

    row: str
    title: str
    seed: int
    scale: str
    marks: list[Mark] = field(default_factory=list)
    seconds: float = 0.0
    broke: str = ""  # the exception, where there was one

    @property
    def passed(self) -> bool:
        return not self.broke and all(mark.passed for mark in self.marks)

    def mark(self, name: str, seen: float, **bounds: Any) -> None:
        self.marks.append(Mark(name, seen, **bounds))

    def text(self) -> str:
        word = "passed" if self.passed else "FAILED"
        head = f"row {self.row:<3} {word} in {self.seconds:.0f} s: {self.title}"
        lines = [head, f"        {self.scale}; seed {self.seed}"]
        lines += [f"        {mark.text()}" for mark in self.marks]
        if self.broke:
            lines.append(f"        broke: {self.broke}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        return {
            "row": self.row,
            "title": self.title,
            "seed": self.seed,
            "scale": self.scale,
            "passed": self.passed,
            "seconds": round(self.seconds, 1),
            "broke": self.broke,
            "marks": [
                {"name": m.name, "seen": m.seen, "most": m.most, "least": m.least, "unit": m.unit}
                for m in self.marks
            ],
        }


def percentile(values: Iterable[float], percent: float) -> float:
    """The value that so many percent do not exceed (nearest rank); 0 of nothing."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def write(file: Path, verdicts: Sequence[Verdict]) -> None:
    file.write_text(json.dumps([verdict.as_json() for verdict in verdicts], indent=1))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.3g}"
