"""Keeps one private server up: sees it die, starts it again on the same port and data."""

import logging
import time
from collections.abc import Callable

from db.private_server import PrivateServer
from db.servant import OWN_SERVERS, CannotStart

SETTLED_SECONDS = 2.0  # a server that lived this long did not die of its start
FIRST_TRIES = 3
LATER_TRIES = 8
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0

log = logging.getLogger("keeper")


class Supervised:
    """Driven by `tick`; never waits, so that one server's recovery does not delay the other's."""

    def __init__(self, name: str, launch: Callable[[int | None], PrivateServer]) -> None:
        self.failure: str | None = None
        self._name = name
        self._launch = launch
        self._server: PrivateServer | None = None
        self._port: int | None = None  # kept for good once clients may know it
        self._ready_at: float | None = None
        self._quick_deaths = 0
        self._not_before = 0.0

    @property
    def ready(self) -> PrivateServer | None:
        return self._server if self._ready_at is not None else None

    @property
    def settled(self) -> bool:
        """Nothing is about to change, as far as we know."""
        return self._ready_at is not None or self.failure is not None

    def tick(self) -> None:
        now = time.monotonic()
        if self.failure:
            return
        if self._server is None:
            if now >= self._not_before:
                self._start()
        elif not self._server.running:
            self._bury(self._server, now)
        elif self._ready_at is None and self._server.ready:
            self._ready_at = now
            self._port = self._server.port
            log.info("%s is ready: pid %d, port %d", self._name, self._server.pid, self._port)

    def ask_to_stop(self) -> None:
        if self._server:
            self._server.ask_to_stop()

    def stop(self) -> None:
        if self._server:
            self._server.stop()

    def _start(self) -> None:
        try:
            self._server = self._launch(self._port)
        except CannotStart as error:
            self._give_up(str(error))
        except OSError as error:  # a full disk, a folder being deleted: it may pass
            self._try_again(f"{self._name} cannot be started: {error}.")

    def _bury(self, server: PrivateServer, now: float) -> None:
        if self._ready_at is not None and now - self._ready_at > SETTLED_SECONDS:
            self._quick_deaths = 0
        self._server = self._ready_at = None
        self._try_again(server.last_words())

    def _try_again(self, why: str) -> None:
        log.warning("%s", why)
        self._quick_deaths += 1
        tries = LATER_TRIES if self._port else FIRST_TRIES
        if self._quick_deaths >= tries:
            self._give_up(f"Gave up after {tries} quick deaths. {why} {OWN_SERVERS}")
            return
        pause = FIRST_PAUSE_SECONDS * 2 ** (self._quick_deaths - 1)
        self._not_before = time.monotonic() + min(pause, LONGEST_PAUSE_SECONDS)

    def _give_up(self, why: str) -> None:
        self.failure = why
        log.error("%s: %s", self._name, why)
