"""`./run bench`: what our server costs beside others, in one interleaved run on this machine."""

import argparse
import json
import os
import platform
import resource
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from bench import cores, express, report, run, subjects
from bench.jobs import Failed
from bench.plan import Part
from bench.report import Sample
from bench.run import Plan
from bench.subjects import NODE, OURS, STOCK, STOCK_UVLOOP, Subject

DATA = Path(os.environ.get("DATA_DIR") or Path(__file__).resolve().parent.parent / ".data")
FOLDER = DATA.resolve() / "bench"
INSTALL_SECONDS = 120.0
QUICK_INSTALL_SECONDS = 25.0
SPARE_FILES = 200
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    begun = monotonic()
    # Ended by a supervisor or by `timeout`, it ends its servers as it does on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _allow_files(2 * max(options.clients, default=0) + SPARE_FILES)
    samples: list[Sample] = []
    skipped: dict[str, str] = {}
    try:
        chosen = list(_chosen(options, skipped))
        with closing(run.measured(_plan(options), chosen, FOLDER)) as found:
            for sample in found:
                samples.append(sample)
                _tell(sample)
    except Failed as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    seconds = monotonic() - begun
    _write(options, samples, skipped, seconds)
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of every measure (%(default)s)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of one load (%(default)s)")
    parser.add_argument(
        "--clients", type=_numbers, default=[1000, 5000], help="in the room (1000,5000)"
    )
    parser.add_argument("--only", type=Part, choices=list(Part), help="one part")
    parser.add_argument(
        "--servers",
        type=lambda text: text.split(","),
        default=[OURS, STOCK, NODE],
        help=f"of {OURS}, {STOCK}, {STOCK_UVLOOP}, {NODE}",
    )
    parser.add_argument("--quick", action="store_true", help="a smoke run: proves no figure")
    parser.add_argument("--json", type=Path, help="also write the result there")
    options = parser.parse_args(argv)
    if unknown := set(options.servers) - {OURS, STOCK, STOCK_UVLOOP, NODE}:
        parser.error(f"there is no server {', '.join(sorted(unknown))}")
    if options.quick:
        options.rounds, options.seconds, options.clients = 1, 0.5, [50]
    return options


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _chosen(options: argparse.Namespace, skipped: dict[str, str]) -> Iterator[Subject]:
    for name in options.servers:
        if name == OURS:
            yield subjects.ours()
        elif name == NODE:
            seconds = QUICK_INSTALL_SECONDS if options.quick else INSTALL_SECONDS
            try:
                yield subjects.node(express.modules(FOLDER / "express", seconds=seconds))
            except express.Missing as reason:
                skipped[name] = str(reason)
                sys.stderr.write(f"bench: {name} is skipped: {reason}\n")
        else:
            yield subjects.stock(name)


def _plan(options: argparse.Namespace) -> Plan:
    parts = [options.only] if options.only else list(Part)
    return Plan(parts, options.rounds, options.seconds, options.clients, quick=options.quick)


def _tell(sample: Sample) -> None:
    figure = sample.values[report.MAIN[sample.part]] * report.SCALES[sample.part]
    unit = report.UNITS[sample.part]
    sys.stderr.write(
        f"{sample.round + 1}  {sample.measure:<34}{sample.server:<14}{figure:9.2f} {unit}\n"
    )


def _write(
    options: argparse.Namespace,
    samples: list[Sample],
    skipped: dict[str, str],
    seconds: float,
) -> None:
    when, pinned = datetime.now(UTC), cores.split().pinned
    command = shlex.join(["./run", "bench", *sys.argv[1:]])
    result = {
        "at": when.isoformat(timespec="seconds"),
        "command": command,
        "seconds": round(seconds),
        "machine": {
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "pinned": pinned,
        },
        "skipped": skipped,
        "results": report.as_json(samples),
        "samples": [asdict(sample) for sample in samples],
    }
    file = options.json or FOLDER / f"{when:%Y-%m-%d-%H%M%S}.json"
    file.write_text(json.dumps(result, indent=1))
    place = "one core for the server" if pinned else "NOT pinned to a core"
    sys.stdout.write(f"\n{command}: {when:%Y-%m-%d}, {seconds:.0f} s, {place}\n")
    sys.stdout.write(f"{report.text(samples)}\n")
    for name, reason in skipped.items():
        sys.stdout.write(f"{name} was skipped: {reason}\n")
    if options.quick:
        sys.stdout.write("a smoke run: these figures prove nothing\n")
    sys.stdout.write(f"all samples: {file}\n")


def _allow_files(count: int) -> None:
    """A socket is a file, and many systems allow 1024 or 256 unless asked for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


if __name__ == "__main__":
    sys.exit(main())
