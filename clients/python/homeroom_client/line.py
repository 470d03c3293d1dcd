"""One WebSocket that speaks Socket.IO: hello, events by name, commands with acks, how it ended."""

import asyncio
import json
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final

import aiohttp

from homeroom_client.refused import Refused, offline, opened

ENTER_SECONDS: Final = 12.0
COMMAND_SECONDS: Final = 12.0

Hear = Callable[[str, Any], None]


class Line:
    """`code` is that of the close frame once it ended; `dismissed` is True after a goodbye."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, hear: Hear) -> None:
        self.code: int | None = None
        self.dismissed = False
        self.ended = asyncio.Event()
        self._ws = ws
        self._hear = hear
        self._acks: dict[int, asyncio.Future[Any]] = {}
        self._numbers = count(1)
        self._silence = 60.0
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls, http: aiohttp.ClientSession, url: str, auth: Mapping[str, Any], hear: Hear
    ) -> "Line":
        """Connect and be greeted; Refused with what the server, or the network, has against it."""
        try:
            async with asyncio.timeout(ENTER_SECONDS):
                ws = await http.ws_connect(
                    f"{url}/socket.io/?EIO=4&transport=websocket", max_msg_size=0, autoping=True
                )
                line = cls(ws, hear)
                try:
                    await line._enter(auth)
                except BaseException:
                    await ws.close()
                    raise
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise offline() from error
        line._reader = asyncio.create_task(line._read())
        return line

    async def call(self, name: str, payload: Any, within: float = COMMAND_SECONDS) -> Any:
        """A command and its envelope; Refused as OFFLINE when nobody knows what became of it."""
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._acks[number] = answer
        try:
            if self.ended.is_set():
                raise offline()
            await self._ws.send_str(f"42{number}{json.dumps([name, payload])}")
            async with asyncio.timeout(within):
                return opened(await answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise offline() from error
        finally:
            del self._acks[number]

    def hear(self, hear: Hear) -> None:
        """Who is told from here on."""
        self._hear = hear

    def drop(self) -> None:
        """Without a goodbye, as when the network fails."""
        connection = self._ws._response.connection  # noqa: SLF001 - aiohttp has no public way
        if connection and connection.transport:
            connection.transport.abort()

    async def close(self) -> None:
        if self._reader:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await self._ws.close()

    async def _enter(self, auth: Mapping[str, Any]) -> None:
        opening = json.loads((await self._text())[1:])
        self._silence = (opening["pingInterval"] + opening["pingTimeout"]) / 1000
        await self._ws.send_str(f"40{json.dumps(auth)}")
        reply = await self._text()
        if not reply.startswith("40"):
            error = json.loads(reply[2:])
            told = error.get("data") or {}
            message = error.get("message", "")
            raise Refused(told.get("code", "INTERNAL"), message, (), told.get("retry_ms", 0))
        self._take(await self._text())

    async def _read(self) -> None:
        try:
            while True:
                self._take(await self._text())
        except (TimeoutError, OSError):
            self.code = self._ws.close_code
        finally:
            self.ended.set()
            for answer in self._acks.values():
                if not answer.done():
                    answer.set_exception(offline())

    async def _text(self) -> str:
        """The next packet that is not a ping; OSError when there is none any more."""
        while True:
            async with asyncio.timeout(self._silence):
                message = await self._ws.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise OSError
            text: str = message.data
            if text != "2":
                return text
            await self._ws.send_str("3")

    def _take(self, text: str) -> None:
        if text.startswith("42"):
            name, body = json.loads(text[2:])
            self._hear(name, body)
        elif text.startswith("43"):
            number, _, body = text[2:].partition("[")
            answer = self._acks.get(int(number))
            if answer and not answer.done():
                answer.set_result(json.loads("[" + body)[0])
        elif text.startswith("41"):
            self.dismissed = True
