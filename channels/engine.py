"""engine.io with our queue under each socket, and without its ways to hang or to raise."""

from typing import Any

import engineio  # type: ignore[import-untyped]  # the library has no types
from typing_extensions import override

from channels.outbox import Outbox


class Engine(engineio.AsyncServer):  # type: ignore[misc]  # the library has no types
    """What it leans on in engine.io is pinned by tests/realtime/test_stack_contract.py."""

    @override
    def create_queue(self, *args: Any, **kwargs: Any) -> Outbox:
        return Outbox()

    @override
    async def disconnect(self, sid: str | None = None) -> None:
        """As the original, which waits for a queue that a silent client never empties."""
        sids = list(self.sockets) if sid is None else [sid]
        for each in sids:
            socket = self.sockets.pop(each, None)
            if socket:
                await socket.close(wait=False, reason=self.reason.SERVER_DISCONNECT)
                socket.queue.put_nowait(None)

    @override
    def _log_error_once(self, message: str, message_key: str) -> None:
        """What a client did wrong, which is no error of ours."""
        self.logger.info(message)

    @override
    async def handle_request(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().handle_request(*args, **kwargs)
        except KeyError as error:
            if error.args != ("Session is disconnected",):
                raise
            # It ended while this request was on the way; the original has no answer to that.
            environ = self._async["translate_request"](*args)
            return await self._make_response(self._bad_request("Invalid session"), environ)
