"""What the read cache counts, as metrics."""

from collections.abc import Iterator
from functools import partial

from domains.kit.cache import ReadCache
from server.metrics import Reading


def cache_readings(cache: ReadCache) -> Iterator[Reading]:
    counts = cache.counts
    for name, sentence, counted in (
        ("hits", "Reads answered from the cache", counts.hits),
        ("not_modified", "Reads answered 304", counts.not_modified),
        ("misses", "Reads that asked Postgres", counts.misses),
        ("shared", "Reads that waited for the answer to an equal one", counts.shared),
    ):
        yield Reading(
            f"cache_{name}", sentence, partial(dict, counted), counts=True, label="endpoint"
        )
    yield Reading(
        "cache_evictions", "Answers let go for room", lambda: counts.evictions, counts=True
    )
    yield Reading("cache_entries", "Answers kept", lambda: len(cache))
    yield Reading("cache_bytes", "Memory of the answers kept", lambda: cache.bytes)
