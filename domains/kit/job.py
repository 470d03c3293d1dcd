"""Work that no request waits for: what a domain has done later, or by the clock."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Self

from typing_extensions import override

from db.transaction import Operation
from domains.kit.services import Services

# A failed job may be tried again by hand for a month; until then what it did already stays known.
REMEMBERED: Final = timedelta(days=60)


class GiveUp(Exception):
    """No other attempt would do better: the job is kept as failed at once, with this sentence."""


class Payload(Mapping[str, Any]):
    """What a job was enqueued with, as JSON gives it back: ids and instants are texts.

    `id` is the job's own number, the same in every attempt.
    """

    def __init__(self, job_id: int, given: Mapping[str, Any]) -> None:
        self.id = job_id
        self._given = dict(given)

    @classmethod
    def read(cls, job_id: int, text: bytes | None) -> Self:
        """Raise GiveUp where it is no JSON object."""
        try:
            given = json.loads(text or b"{}")
        except ValueError as error:
            raise GiveUp(f"The payload is no JSON: {error}") from error
        if not isinstance(given, dict):
            raise GiveUp("The payload is no JSON object")
        return cls(job_id, given)

    def operation(self, part: str = "") -> Operation:
        """The name of a write of this job: an attempt that comes after it was committed finds it.

        A job with several writes gives each its own `part`, for example the record's id.
        """
        key = f"job {self.id} {part}".rstrip()
        return Operation(key, hashlib.sha256(key.encode()).digest(), lasts=REMEMBERED)

    @override
    def __getitem__(self, name: str) -> Any:
        return self._given[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    @override
    def __len__(self) -> int:
        return len(self._given)


Run = Callable[[Services, Payload], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """`name` is `domain:what`; it is enqueued by it, and by `cron` (in UTC) where that is given.

    An attempt may end anywhere and another begin: what `run` writes either goes by
    `payload.operation`, or looks under the record's lock whether it is still to be done. After
    `attempts` that failed it is kept, to be looked at and tried again. One attempt lasts `seconds`
    at most.
    """

    name: str
    run: Run
    cron: str | None = None
    attempts: int = 5
    seconds: float = 300.0
