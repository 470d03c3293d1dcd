"""A seeded walk of people through a team, and the judgment of what every screen shows after it."""

import asyncio
import random
from collections.abc import Callable, Sequence
from uuid import uuid4

from domains.kit.actor import Actor
from tests.factories import Team
from tests.presence_screens import PresenceScreen
from tests.realtime.presence_nodes import PresenceNode, Secrets

Open = Callable[[str, Actor, str | None], PresenceScreen]
Shown = tuple[str, str | None, str | None]  # state, record, field
PEOPLE = 12


class Walk:
    """People come, go, come back elsewhere and move on; and some records are private."""

    def __init__(
        self, seed: int, nodes: Sequence[PresenceNode], team: Team, secrets: Secrets, opened: Open
    ) -> None:
        self.seed = seed
        self._nodes = nodes
        self._team = team
        self._secrets = secrets
        self._chance = random.Random(seed)
        self._records = [f"listing:{uuid4()}" for _ in range(4)]
        secrets.owners = {
            self._records[0]: team.owner.user_id,
            self._records[1]: team.agent.user_id,
        }
        actors = [team.owner, team.lead, team.agent, team.viewer]
        self._screens = [
            opened(self._url(), actors[at % 4], f"tab-{at}" if at % 3 else None)
            for at in range(PEOPLE)
        ]
        self._last: dict[PresenceScreen, Shown] = {}

    async def go(self, steps: int, pause: float) -> None:
        await asyncio.gather(
            *(
                self._live(each, random.Random(f"{self.seed} {at}"), steps, pause)
                for at, each in enumerate(self._screens)
            )
        )

    async def judge(self) -> None:
        """Once all is quiet: what every screen shows, and by the servers' digests, too."""
        for node in self._nodes:
            team = node.presence._teams[self._team.id]
            team.view._said = True
            team.view.tell_digests()
        await asyncio.sleep(0.3)
        for each in self._last:
            expected = {other.conn: self._seen(place, each) for other, place in self._last.items()}
            shown = {
                conn: (told["state"], told.get("record"), told.get("field"))
                for conn, told in each.here.items()
            }
            assert shown == expected, (self.seed, each.url)
            assert each.wrong_digests == 0
            assert each.faults == []
        for node in self._nodes:
            owns = node.presence._teams[self._team.id].owns
            assert node.counters.presence_online == len(owns)

    async def _live(
        self, each: PresenceScreen, chance: random.Random, steps: int, pause: float
    ) -> None:
        for _ in range(steps):
            await asyncio.sleep(chance.uniform(0, pause))
            if not each.connected:
                await each.connect(chance.choice(self._nodes).url)
                self._last[each] = ("online", None, None)
                await each.set("online")
            elif chance.random() < 0.2:
                await (each.drop if chance.random() < 0.5 else each.disconnect)()
                del self._last[each]
            else:
                state = chance.choice(["online", "viewing", "editing", "idle"])
                record = chance.choice(self._records) if state in ("viewing", "editing") else None
                field = chance.choice(["city", "notes", None]) if state == "editing" else None
                if (await each.set(state, record, field))["success"]:
                    self._last[each] = (state, record, field)

    def _seen(self, place: Shown, by: PresenceScreen) -> Shown:
        owner = self._secrets.owners.get(place[1] or "")
        mine = owner is None or str(owner) == by.hello["user"]["id"]
        return place if mine else ("online", None, None)

    def _url(self) -> str:
        return self._chance.choice(self._nodes).url
