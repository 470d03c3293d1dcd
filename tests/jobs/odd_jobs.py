"""A worker in a process of its own, to be killed: `python -m tests.jobs.odd_jobs URL [STALL]`.

Its one job raises a listing's price by a dollar. With STALL it says so and hangs, before the write
or after it.
"""

import asyncio
import signal
import sys
from uuid import UUID

from db.database import Database
from db.transaction import Answer, Transaction
from domains.auth.tokens import Tokens
from domains.kit.actor import Actor
from domains.kit.changes import change
from domains.kit.job import Job, Payload
from domains.kit.resource import Moment
from domains.kit.rows import lock
from domains.kit.services import Services
from domains.kit.writes import writer
from domains.listings.resource import LISTINGS
from server import catalogue
from server.worker import Pace, Worker

PACE = Pace(look=0.1, lease=1.5, grace=0.3, backoff=0.05)


async def stall() -> None:
    sys.stdout.write("stalled\n")
    sys.stdout.flush()
    await asyncio.sleep(3600)


def raising(stalls: str) -> Job:
    async def run(services: Services, payload: Payload) -> None:
        actor = Actor.system(UUID(payload["team_id"]))

        async def work(tx: Transaction) -> Answer:
            row = await lock(tx, LISTINGS, payload["listing"])
            given = {"list_price": row["list_price"] + 1}
            changed = await change(
                tx, LISTINGS, actor, payload["listing"], given, moment=Moment.given()
            )
            if stalls == "within":
                await stall()
            return Answer(changed.image)

        if stalls == "before":
            await stall()
        await services.db.write(writer(actor, payload.operation()), work)
        if stalls == "after":
            await stall()

    return Job("odd:raise", run, attempts=3)


async def main(url: str, stalls: str = "") -> None:
    db = await Database.connect(url)
    services = catalogue.services(db, Tokens(["a test signs nothing with it here"]))
    worker = Worker(url, services, [raising(stalls)], PACE)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    await worker.run()
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
