"""The storm: two nodes, twenty screens, eight writers, and everything between them failing.

STORM_SECONDS makes it longer, STORM_SEED repeats one.
"""

import os
import random
from pathlib import Path

import aiohttp
import pytest

from db.database import Database
from tests.realtime.storm import Storm

SECONDS = float(os.environ.get("STORM_SECONDS", "20"))
SEED = int(os.environ.get("STORM_SEED", random.randrange(10**6)))


@pytest.mark.timeout(SECONDS * 2 + 120)
async def test_every_screen_ends_with_exactly_the_log(
    session: aiohttp.ClientSession, db: Database, database_url: str, tmp_path: Path
) -> None:
    print(f"STORM_SEED={SEED}")  # noqa: T201 - shown when the test fails
    storm = Storm(SEED, SECONDS, session, db)
    await storm.run(database_url, tmp_path)
    print(storm.report())  # noqa: T201 - for whoever runs it with -s
