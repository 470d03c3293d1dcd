"""How often somebody may do something: a bucket that fills at a steady rate."""


class Pace:
    """`burst` at once, `per_second` in the long run.

    What is refused counts as well, so whoever hammers waits longer, and one who waits as told is
    let on. After `patience` refusals without a pause it is `spent`.
    """

    __slots__ = ("_asked_at", "_burst", "_level", "_patience", "_per_second")

    def __init__(self, per_second: float, burst: int, patience: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._patience = patience
        self._level = 0.0
        self._asked_at = 0.0

    def take(self, now: float) -> float:
        """0 when it may be done, else after how many seconds to try again."""
        self._level = max(0.0, self._level - (now - self._asked_at) * self._per_second) + 1
        self._asked_at = now
        if self._level <= self._burst:
            return 0.0
        return (self._level + 1 - self._burst) / self._per_second

    @property
    def spent(self) -> bool:
        return self._level > self._burst + self._patience
