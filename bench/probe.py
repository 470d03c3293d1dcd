"""Runs a Python server which on SIGUSR2 collects its garbage and tells how long that took.

`python -m bench.probe FILE -m MODULE ...` or `python -m bench.probe FILE SCRIPT ...`.
"""

import gc
import json
import runpy
import signal
import statistics
import sys
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Final

TIMES: Final = 3
OBJECTS_BEFORE: Final = {"count": 0}


def main() -> None:
    file = Path(sys.argv[1])
    sys.argv = sys.argv[2:]
    signal.signal(signal.SIGUSR2, lambda *_: collect(file))
    signal.signal(signal.SIGUSR1, remember)
    if sys.argv[0] == "-m":
        sys.argv = sys.argv[1:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


def remember(_: int, __: FrameType | None) -> None:
    """Count what is tracked before anybody is there."""
    gc.collect()
    OBJECTS_BEFORE["count"] = len(gc.get_objects())


def collect(file: Path) -> None:
    pauses = []
    for _ in range(TIMES):
        began = perf_counter()
        gc.collect()
        pauses.append((perf_counter() - began) * 1e3)
    told = {
        "milliseconds": statistics.median(pauses),
        "objects": len(gc.get_objects()),
        "objects_before": OBJECTS_BEFORE["count"],
    }
    beside = file.with_suffix(".new")
    beside.write_text(json.dumps(told))
    beside.replace(file)


if __name__ == "__main__":
    main()
