"""Bytes that are no HTTP request."""

import asyncio
from urllib.parse import urlsplit

import orjson
import pytest

from tests.api.whole_server import WholeServer


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    ],
    ids=["TLS", "long line", "long header", "unknown version", "negative length"],
)
async def test_what_is_no_http_is_refused_in_the_envelope(
    server: WholeServer, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    place = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(sent)
    async with asyncio.timeout(5):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert b" 400 " in head[:14]
    assert b"application/json" in head
    assert orjson.loads(body)["error"]["code"] == "BAD_REQUEST"
    assert caplog.records == []
