"""Another site's page opens no socket, whichever transport it tries."""

from typing import Any

import aiohttp
import pytest

from server.origins import allows
from tests.api.whole_server import WholeServer, whole_server
from tests.conftest import Servers

APP = "https://app.example.com"
POLL = "/socket.io/?EIO=4&transport=polling"
WS = "/socket.io/?EIO=4&transport=websocket"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize(
    ("origin", "environ", "allowed"),
    [
        (None, {"HTTP_HOST": "a.example"}, False),
        ("https://a.example", {"HTTP_HOST": "a.example"}, True),
        ("http://a.example:8080", {"HTTP_HOST": "a.example:8080"}, True),
        ("https://A.example", {"HTTP_HOST": "a.Example"}, True),
        ("http://a.example", {"HTTP_HOST": "b:8", "HTTP_X_FORWARDED_HOST": "a.example,b"}, True),
        (APP, {"HTTP_HOST": "a.example"}, True),
        (f"{APP}.evil.example", {"HTTP_HOST": "a.example"}, False),
        ("https://a.example.evil.example", {"HTTP_HOST": "a.example"}, False),
        ("https://a.example:8443", {"HTTP_HOST": "a.example"}, False),
        ("http://app.example.com", {"HTTP_HOST": "a.example"}, False),
        ("null", {"HTTP_HOST": "a.example"}, False),
        ("", {}, False),
        ("https://", {"HTTP_HOST": ""}, False),
    ],
)  # fmt: skip
def test_a_page_is_ours_by_its_host_or_named(
    origin: str | None, environ: dict[str, Any], *, allowed: bool
) -> None:
    assert allows([APP])(origin, environ) is allowed


@pytest.fixture
async def server(database_url: str, servers: Servers) -> Any:
    async with whole_server(database_url, servers.redis, cors_origins=APP) as server:
        yield server


async def status(server: WholeServer, path: str, **headers: str) -> int:
    upgrade = UPGRADE if path == WS else {}
    async with server.session.get(server.url + path, headers={**upgrade, **headers}) as answer:
        return answer.status


@pytest.mark.parametrize(("path", "good"), [(POLL, 200), (WS, 101)])
async def test_the_origin_is_asked_on_both_transports(
    server: WholeServer, path: str, good: int
) -> None:
    assert await status(server, path, Origin="https://evil.example") == 400
    assert await status(server, path, Origin="null") == 400
    assert await status(server, path, Origin=server.url) == good  # also where others are named
    assert await status(server, path, Origin=APP) == good
    assert await status(server, path) == good


async def test_an_open_session_is_not_taken_over_from_another_site(server: WholeServer) -> None:
    async with server.session.get(server.url + POLL) as answer:
        sid = (await answer.text()).split('"')[3]
    evil = {"Origin": "https://evil.example"}
    async with server.session.post(f"{server.url}{POLL}&sid={sid}", data="3", headers=evil) as sent:
        assert sent.status == 400
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await server.session.ws_connect(f"{server.url}{WS}&sid={sid}", headers=evil)
    async with server.session.post(f"{server.url}{POLL}&sid={sid}", data="3") as sent:
        assert sent.status == 200
