"""What the data layer raises: faults of the servers below, never mistakes of the caller."""


class Unavailable(Exception):
    """Postgres (or Redis, where it is needed) cannot answer now; trying again later is right."""

    def __init__(self, what: str, *, retry_after: int = 1) -> None:
        super().__init__(what)
        self.retry_after = retry_after


class Overtaken(Exception):
    """Another transaction committed first what this one was about to write; it begins again."""


class OutOfSight(Exception):
    """What an operation answered shows a record that its writer may not see any more."""


class KeyReused(Exception):
    """An idempotency key came back with another request body."""
