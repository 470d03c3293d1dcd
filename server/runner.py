"""Runs the app on aiohttp, and answers what is no HTTP in the envelope, without a traceback."""

from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from typing_extensions import override

from server import answers
from server.keys import OPENS
from server.refusals import Refused
from server.socket_transport import Answers, Entrance

NO_REQUEST = "This is no HTTP request, or its line or headers are too long"


class Protocol(web.RequestHandler):
    """One TCP connection."""

    __slots__ = ()

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if not isinstance(exc, HttpProcessingError):
            return super().handle_error(request, status, exc, message)
        response = answers.of_refusal(Refused(NO_REQUEST, status))
        response.force_close()
        return response


class Listener(web.Server):
    """Makes the protocols of connections."""

    _entrance: Entrance | None = None

    def opens(self, answers: Answers) -> None:
        """Have these answer a WebSocket that a connection begins with; else aiohttp gets all."""
        self._entrance = Entrance(answers, self._request)

    @override
    def __call__(self) -> Any:
        return self._request() if self._entrance is None else self._entrance.open()

    def _request(self) -> Protocol:
        return Protocol(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    __slots__ = ()

    @override
    async def _make_server(self) -> Any:
        made: Any = await super()._make_server()
        listener = Listener(
            made.request_handler,
            request_factory=made.request_factory,
            loop=made._loop,  # noqa: SLF001 - there is no public way to bring a protocol
            **made._kwargs,  # noqa: SLF001
        )
        if handshakes := self.app.get(OPENS):
            listener.opens(handshakes)
        return listener
