"""A domain as the server sees it: one line of the list in `domains/__init__.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from domains.kit.endpoint import Endpoint
from domains.kit.job import Job
from domains.kit.services import Services
from domains.kit.words import Words


@dataclass(frozen=True, slots=True)
class Domain:
    """`resource` defines its records; None for a domain that has none of the common kind.

    `jobs` are done by the worker. `words` say how its events are told that are of no resource.
    """

    name: str
    endpoints: Callable[[Services], list[Endpoint]]
    summary: str
    resource: Any | None = None  # a Resource of any row and body types
    jobs: tuple[Job, ...] = ()
    words: tuple[Words, ...] = ()
