"""Rows that tests of the suite hold already; here they run at length, and say what they tried."""

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.faults.figures import Verdict
from tests.faults.office import Office, Scale

PROJECT = Path(__file__).resolve().parents[2]
OUTCOME = re.compile(r"(\d+) (passed|failed|error|skipped)")
FIGURE = re.compile(r"^figure: (.+?): (\S+)$", re.MULTILINE)


def suite(
    *paths: str, short: dict[str, str] | None = None, full: dict[str, str] | None = None
) -> Callable[[Office, Scale, Verdict], Awaitable[None]]:
    """A row that is these tests; the environments say how long they go on."""

    async def run(office: Office, scale: Scale, verdict: Verdict) -> None:
        chosen = (full if scale.full else short) or {}
        verdict.scale = ", ".join(
            [*(f"{name}={value}" for name, value in chosen.items()), verdict.scale]
        )
        # What takes two minutes is stuck in the suite; at full length it is only at work.
        patience = ("--timeout=0",) if scale.full else ()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider"),
            *(*patience, *paths),
            cwd=PROJECT,
            env=os.environ | {"FAULT_SEED": str(office.seed)} | chosen,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        text = said.decode(errors="replace")
        outcomes = {word: int(number) for number, word in OUTCOME.findall(text)}
        for name, seen in FIGURE.findall(text):
            verdict.mark(name, float(seen))
        verdict.mark("tests that passed", outcomes.get("passed", 0), least=1)
        failed = outcomes.get("failed", 0) + outcomes.get("error", 0)
        verdict.mark("tests that failed", failed or bool(process.returncode), most=0)
        if failed or process.returncode:
            verdict.broke = text[-3000:]

    return run
