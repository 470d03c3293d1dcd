"""`./run faults`: break everything that can break, and compare every screen with the log.

Each row prints its figures against its pass mark; a seed repeats it. Without --full the rows are
shortened to what CI has time for, and say so.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from tests.faults import figures
from tests.faults.figures import Verdict
from tests.faults.nodes import end_with_us
from tests.faults.office import opened
from tests.faults.table import ROWS, Row

PARTS = 6  # that long each, in the row that has the most
SPARE_SECONDS = 240.0


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    end_with_us()
    verdicts = []
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for row in _chosen(options):
            if row.needs and row.needs() is None:
                sys.stdout.write(f"row {row.number:<3} NOT RUN: {row.needs.__name__} is not here\n")
                continue
            verdict = runner.run(_perform(row, options))
            verdicts.append(verdict)
            sys.stdout.write(f"{verdict.text()}\n")
            sys.stdout.flush()
    if options.json:
        figures.write(options.json, verdicts)
    failed = [verdict.row for verdict in verdicts if not verdict.passed]
    told = f"FAILED: {', '.join(failed)}" if failed else "all passed"
    sys.stdout.write(f"faults: {len(verdicts)} rows, {told}\n")
    return 1 if failed else 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run faults", description=__doc__)
    parser.add_argument("rows", nargs="*", help="numbers of rows; all without any")
    parser.add_argument("--full", action="store_true", help="at full length")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--json", type=Path, help="also write the figures there")
    parser.add_argument("--keep", action="store_true", help="keep the folders with the logs")
    return parser.parse_args(argv)


def _chosen(options: argparse.Namespace) -> list[Row]:
    known = {row.number for row in ROWS}
    if unknown := set(options.rows) - known:
        raise SystemExit(f"there is no row {', '.join(sorted(unknown))}")
    return [row for row in ROWS if not options.rows or row.number in options.rows]


async def _perform(row: Row, options: argparse.Namespace) -> Verdict:
    scale = row.full if options.full else row.short
    verdict = Verdict(row.number, row.title, options.seed, str(scale))
    folder = Path(tempfile.mkdtemp(prefix=f"homeroom-faults-{row.number}-"))
    began = time.monotonic()
    try:
        async with asyncio.timeout(PARTS * scale.seconds + SPARE_SECONDS):
            async with opened(
                folder, options.seed, nodes=row.nodes, module=row.module, **row.settings
            ) as office:
                await row.run(office, scale, verdict)
    except Exception as error:  # noqa: BLE001 - one broken row must not hide the others
        verdict.broke = f"{type(error).__name__}: {error}"
    verdict.seconds = time.monotonic() - began
    if options.keep or not verdict.passed:
        sys.stdout.write(f"        the logs of row {row.number}: {folder}\n")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return verdict


if __name__ == "__main__":
    sys.exit(main())
