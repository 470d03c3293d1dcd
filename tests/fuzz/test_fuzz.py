"""No bytes a client can send provoke a traceback, an unhandled exception, or the end of service.

Eight seconds by default; FUZZ_SECONDS makes it longer, FUZZ_SEED says the same again.
"""

import asyncio
import logging
import os
import random
import time
from collections import Counter
from contextlib import suppress

import pytest
import structlog

from channels.sockets.connection import LEFT
from channels.sockets.live_server import SILENT
from channels.sockets.members import Close
from server.keys import COUNTERS, ENDPOINTS
from tests.api.whole_server import whole_server
from tests.conftest import Servers
from tests.factories import Team
from tests.fuzz.spoil import Spoiler
from tests.fuzz.talk import KINDS, Line, Tongue, close_code, texts
from tests.screens import Screen

SECONDS = float(os.environ.get("FUZZ_SECONDS", "8"))
GIVEN = os.environ.get("FUZZ_SEED") or os.environ.get("FAULT_SEED")
SEED = int(GIVEN) if GIVEN else random.SystemRandom().randrange(10**6)
AT_ONCE = 16
SHARES = (0.0, 0.05, 0.2, 0.5)

# Beside ours: what WebSocket itself has for an end without a fault, and for the faults of frames.
CODES = {close.code for close in Close} | {1000, 1002, 1003, 1007, 1009}


@pytest.mark.timeout(SECONDS + 110)
async def test_no_bytes_a_client_can_send_do_harm(
    database_url: str, servers: Servers, team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    print(f"FUZZ_SEED={SEED}")  # noqa: T201 - to say the same again
    caplog.set_level(logging.WARNING)
    codes: Counter[int | None] = Counter()
    with structlog.testing.capture_logs() as lines:
        async with whole_server(database_url, servers.redis) as server:
            counters = server.app[COUNTERS]
            token = await server.token(team.agent)
            names = [endpoint.name for endpoint in server.app[ENDPOINTS]]
            tongue = Tongue(token, str(team.id), names)
            until_when = time.monotonic() + SECONDS
            numbers = iter(range(10**9))

            async def fuzz() -> None:
                while time.monotonic() < until_when:
                    number = next(numbers)
                    chance = random.Random(f"{SEED} {number}")
                    for line in await _converse(server.url, chance, tongue):
                        codes[close_code(line)] += 1
                        for text in texts(line):
                            assert '"INTERNAL"' not in text, (SEED, number, text)

            lead = await server.token(team.lead)
            async with Screen(server.session, server.url, lead, team.id) as colleague:
                await asyncio.gather(*(fuzz() for _ in range(AT_ONCE)))
                assert (await colleague.call("escrows:list", {}))["success"]
                said = await server.ask("GET", "/healthz")
                assert said.status == 200
    assert counters.sockets == counters.rooms == counters.tasks == 0
    assert set(codes) <= CODES | {None}, codes
    assert {close.reason for close in Close} | {LEFT, SILENT} >= set(counters.closes)
    assert sum(counters.closes.values()) == counters.opened
    loud = [record.getMessage() for record in caplog.records if record.exc_info]
    loud += [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    loud += [str(line) for line in lines if line["log_level"] in ("error", "critical")]
    assert loud == [], (SEED, loud[:5])
    assert next(numbers) > 10 * SECONDS, "hardly anything was tried"


async def _converse(url: str, chance: random.Random, tongue: Tongue) -> list[Line]:
    spoiler = Spoiler(chance, chance.choice(SHARES))
    lines: list[Line] = []
    with suppress(OSError):
        async with asyncio.timeout(10):
            await chance.choice(KINDS)(url, spoiler, tongue, lines)
    for line in lines:
        line.end()
    return lines
