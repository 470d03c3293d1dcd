"""A socket outlives its token when the next one is brought in time; else it ends with it."""

import re
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from domains.auth.tokens import LIFETIME, Tokens
from domains.kit.actor import Role
from server.keys import CLOCK, TOKENS
from tests.api.whole_server import WholeServer
from tests.factories import Team
from tests.realtime.doors import Doors, doors, pass_time
from tests.screens import Refused, Screen

LIFE = LIFETIME.total_seconds()


@pytest.fixture
async def door(database_url: str, redis_url: str) -> AsyncIterator[Doors]:
    async with doors(database_url, redis_url) as opened:
        yield opened


@pytest.fixture
def node(door: Doors) -> WholeServer:
    return door.nodes[0]


def warnings(screen: Screen) -> list[dict[str, object]]:
    return [body for name, body in screen.said if name == "auth.expiring"]


async def answered(screen: Screen) -> bool:
    """Whether the socket still serves; by then it has also taken what was sent before."""
    return bool((await screen.call("teams:current"))["success"])


async def test_hello_says_when_the_token_ends(door: Doors, node: WholeServer, team: Team) -> None:
    screen = await door.screen(await door.sign_in(team.agent))
    end, now = (datetime.fromisoformat(screen.hello[name]) for name in ("exp", "now"))
    assert LIFE - 5 < (end - now).total_seconds() <= LIFE
    assert abs(now.timestamp() - node.app[CLOCK].now()) < 5


async def test_a_socket_is_warned_once_and_stays_by_the_next_token(
    door: Doors, node: WholeServer, team: Team
) -> None:
    held = await door.sign_in(team.agent)
    screen = await door.screen(held)
    await pass_time(node, LIFE - 62)
    assert await answered(screen)
    assert warnings(screen) == []
    await pass_time(node, 3)
    await pass_time(node, 1)
    assert await answered(screen)
    [warning] = warnings(screen)
    assert warning["exp"] == screen.hello["exp"]
    assert warning["in_s"] in (58, 59, 60)

    fresh = await door.ask("POST", "/auth/refresh", body={"refresh_token": held.refresh})
    answer = await screen.call("auth:refresh", {"token": fresh.data["access_token"]})
    assert answer["data"]["exp"] > screen.hello["exp"]
    await pass_time(node, 120)  # past the end of the first
    assert await answered(screen)
    assert len(warnings(screen)) == 1
    await pass_time(node, LIFE - 160)
    assert await answered(screen)
    assert len(warnings(screen)) == 2


async def test_without_another_token_a_socket_serves_for_half_a_minute_more_and_ends(
    door: Doors, node: WholeServer, team: Team
) -> None:
    held = await door.sign_in(team.agent)
    screen = await door.screen(held)
    await pass_time(node, LIFE + 27)
    assert await answered(screen)
    assert [warning["in_s"] for warning in warnings(screen)] == [0]
    await pass_time(node, 4)
    assert await screen.closed() == 4001
    with pytest.raises(Refused) as refusal:
        await screen.connect()
    assert refusal.value.data["code"] == "TOKEN_EXPIRED"
    metrics = (await node.ask("GET", "/metrics")).raw.decode()
    assert 'homeroom_live_closes_total{reason="expired"} 1.0' in metrics


async def test_a_token_is_not_renewed_by_another_persons_or_a_bad_one(
    door: Doors, team: Team
) -> None:
    held = await door.sign_in(team.agent)
    screen = await door.screen(held)
    others = await door.sign_in(team.lead)
    ended = await door.sign_in(team.agent)
    await door.ask("POST", "/auth/logout", body={"refresh_token": ended.refresh})
    old = Tokens([door.nodes[0].app[TOKENS]._signing.decode()], lifetime=-2 * LIFETIME)
    claims = door.nodes[0].app[TOKENS].read(held.access)
    expired = old.issue(claims.user_id, claims.team_id, claims.session_id)
    for payload, code in [
        ({"token": others.access}, "FORBIDDEN"),
        ({"token": ended.access}, "AUTH_REQUIRED"),
        ({"token": expired}, "TOKEN_EXPIRED"),
        ({"token": "nonsense"}, "AUTH_REQUIRED"),
        ({"token": 7}, "VALIDATION_ERROR"),
        (None, "VALIDATION_ERROR"),
    ]:
        answer = await screen.call("auth:refresh", payload)
        assert answer["error"]["code"] == code
    assert await answered(screen)


async def test_the_next_token_brings_the_role_that_holds_now(door: Doors, team: Team) -> None:
    screen = await door.screen(await door.sign_in(team.agent))
    async with door.db.transaction() as rows:  # behind the log's back
        await rows.execute(
            "UPDATE members SET role = 'viewer' WHERE user_id = $1", team.agent.user_id
        )
    fresh = await door.sign_in(team.agent)
    assert (await screen.call("auth:refresh", {"token": fresh.access}))["success"]
    assert (await screen.call("teams:current"))["data"]["role"] == Role.VIEWER


async def test_a_node_whose_clock_is_wrong_judges_tokens_right_and_says_so(
    door: Doors, node: WholeServer, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = node.app[CLOCK]
    for wrong in (-600.0, 600.0):
        monkeypatch.setattr(clock, "_wall", lambda wrong=wrong: clock.now() + wrong)
        held = await door.sign_in(team.agent)
        screen = await door.screen(held)
        assert (await door.ask("GET", "/auth/me", held)).status == 200
        assert screen.hello["exp"] > screen.hello["now"]
        ready = await node.ask("GET", "/readyz")
        assert ready.status == 503
        assert ready.error["details"][0]["field"] == "clock"
        metrics = (await node.ask("GET", "/metrics")).raw.decode()
        [offset] = re.findall(r"^homeroom_clock_offset_seconds (\S+)", metrics, re.MULTILINE)
        assert float(offset) == pytest.approx(wrong, abs=1)
