"""Passwords: argon2id hashes, made off the event loop, a bounded number at a time."""

import asyncio
import logging
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from secrets import token_urlsafe
from typing import TypeVar, TypeVarTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from domains.kit.errors import Unavailable

log = logging.getLogger(__name__)

Parts = TypeVarTuple("Parts")
Result = TypeVar("Result")

AT_ONCE = 2  # each takes 64 MiB and a core for its time, so a flood of sign-ins must queue
QUEUE = 64  # beyond it a caller hears 503 at once rather than waits


class Passwords:
    """Hashes with the parameters of `hasher`; the default is RFC 9106's second recommendation."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        self._queued = 0
        # Checked when there is no such user, so that the time taken does not tell.
        self._nobody = self._hasher.hash(token_urlsafe())

    async def hash(self, password: str) -> str:
        return await self._run(self._hasher.hash, _one_form(password))

    async def check(self, stored: str | None, password: str) -> bool:
        fits = await self._run(self._fits, stored or self._nobody, _one_form(password))
        return fits and stored is not None

    def outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with other parameters than are used now."""
        return self._hasher.check_needs_rehash(stored)

    def _fits(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except VerifyMismatchError:
            return False
        except (InvalidHashError, VerificationError):
            log.warning("a stored password hash cannot be read")
            if stored != self._nobody:
                self._fits(self._nobody, password)  # takes as long as any other
            return False

    async def _run(self, work: Callable[[*Parts], Result], *parts: *Parts) -> Result:
        if self._queued >= QUEUE:
            raise Unavailable("Too many people are signing in at this moment", retry_after=2)
        self._queued += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, *parts)
        finally:
            self._queued -= 1


def _one_form(password: str) -> str:
    """The same letters typed on another keyboard may arrive as other code points."""
    return unicodedata.normalize("NFC", password)
