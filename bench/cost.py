"""What a process has cost so far, from the system's own accounting: CPU seconds, memory."""

from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

# To the nanosecond where Linux tells it. The usual counters go in hundredths of a second, which is
# enough for a phase of seconds.
EXACT: Final = Path("/proc/self/schedstat").exists()
NANO: Final = 1e-9


def cpu_seconds(pid: int) -> float:
    """CPU time of a process, all its threads; what its children used is not in it."""
    if EXACT:
        return sum(map(_thread_seconds, Path(f"/proc/{pid}/task").iterdir()))
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def family_seconds(pid: int) -> float:
    """CPU time of a process with its children, those that have ended too: Postgres is a family."""
    parent = psutil.Process(pid)
    ended = parent.cpu_times()
    total = cpu_seconds(pid) + float(ended.children_user + ended.children_system)
    for child in parent.children():
        with suppress(psutil.Error, OSError):
            total += cpu_seconds(child.pid)
    return total


def resident_bytes(pid: int) -> int:
    return int(psutil.Process(pid).memory_info().rss)


def _thread_seconds(task: Path) -> float:
    try:
        return int((task / "schedstat").read_text().split()[0]) * NANO
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
