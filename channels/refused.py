"""A connection that is not let in."""


class Refused(Exception):
    """`code` and `retry_ms` are for the program, `message` for people."""

    def __init__(self, code: str, message: str, *, retry_ms: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_ms = retry_ms

    def told(self) -> dict[str, str | int]:
        """As `connect_error` carries it."""
        told: dict[str, str | int] = {"code": self.code, "message": self.message}
        return told if self.retry_ms is None else told | {"retry_ms": self.retry_ms}
