"""Runs the app on aiohttp, and answers what is no HTTP in the envelope, without a traceback."""

from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from typing_extensions import override

from server import answers
from server.refusals import Refused

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
    @override
    def __call__(self) -> Protocol:
        return Protocol(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    __slots__ = ()

    @override
    async def _make_server(self) -> Any:
        made: Any = await super()._make_server()
        return Listener(
            made.request_handler,
            request_factory=made.request_factory,
            loop=made._loop,  # noqa: SLF001 - there is no public way to bring a protocol
            **made._kwargs,  # noqa: SLF001
        )
