"""Rows 14 and 15: Postgres goes on from an earlier state than the one people have seen."""

import asyncio
from collections.abc import Awaitable, Callable

from db.private_server import PrivateServer
from tests.faults.figures import Verdict
from tests.faults.office import Office, Scale
from tests.faults.standby import Standby, copied, put_back

Back = Callable[[], Awaitable[PrivateServer]]


async def standby_promoted(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Row 14: an asynchronous failover that loses the last commits."""
    standby = await Standby.of(office.postgres, office.folder / "standby")

    async def fork() -> Back:
        await standby.cut_off(office.postgres)

        async def back() -> PrivateServer:
            await asyncio.to_thread(office.postgres.kill)
            return await standby.take_over(office.postgres)

        return back

    await _gone_back(office, scale, verdict, fork)


async def restored(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Row 15: a backup is put back."""
    copy = office.folder / "copy"

    async def fork() -> Back:
        office.postgres = await copied(office.postgres, copy)
        return lambda: put_back(office.postgres, copy)

    await _gone_back(office, scale, verdict, fork)


async def _gone_back(
    office: Office, scale: Scale, verdict: Verdict, fork: Callable[[], Awaitable[Back]]
) -> None:
    """A third of the people are away when the log forks; the others see what will be lost."""
    away = await office.people(max(1, scale.clients // 3))
    present = await office.people(max(1, scale.clients - len(away)))
    async with office.written(scale.writes):
        await asyncio.sleep(scale.seconds / 3)
    await office.settle()
    for client in away:
        await client.stop()
    kept, _ = await office.head()
    back = await fork()
    async with office.written(scale.writes) as lost:
        await asyncio.sleep(scale.seconds / 3)
    await office.settle()
    seen, _ = await office.head()
    office.writers.remove(lost)  # what these were promised is what an asynchronous standby loses
    for client in office.clients:
        client.modes.clear()
    office.postgres = await back()
    async with office.written(scale.writes):
        await asyncio.sleep(scale.seconds / 3)
        for client in away:
            client.start()
        await asyncio.sleep(scale.seconds / 3)
    await office.settle()
    verdict.mark("events seen and then lost", seen - kept, least=1)
    spared = sum(client.modes["resync"] for client in away)
    missed = sum(client.modes["resync"] != 1 for client in present)
    verdict.mark("screens before the fork told to resync", spared, most=0)
    verdict.mark("screens past the fork not told so, or twice", missed, most=0)
    await office.judge(verdict)
