"""Where in its team's log a read stood: told by the same statement, so from the same snapshot."""

from dataclasses import dataclass
from functools import cache

from db.events import Head

EVERYTHING = ("*",)  # the topics of a read that any event of its team may change
NEVER = Head(0, "-")  # nothing has touched these topics yet


@dataclass(frozen=True, slots=True)
class AsOf:
    """`head` is the team's last event, `topic` the last one that touched what was read.

    `day` is the date in UTC, in days since 1970: some figures of a record grow overnight. Two reads
    of the same thing with the same topic and day are the same.
    """

    head: Head
    topic: Head
    day: int

    @classmethod
    def read(cls, told: str) -> "AsOf":
        """From what the expression of `as_of` gave."""
        seq, h, topic_seq, topic_h, day = told.split(" ")
        return cls(Head(int(seq), h), Head(int(topic_seq), topic_h), int(day))

    @property
    def meta(self) -> bytes:
        """As an answer tells it: (seq, h) is where a client starts its stream."""
        return b'{"as_of_seq":%d,"as_of_h":"%b"}' % (self.head.seq, self.head.h.encode())


@cache
def as_of(topics: tuple[str, ...]) -> str:
    """An SQL expression over $1, the team; `topics` are entities, or EVERYTHING.

    The hash of the topic's last event is part of it, for a log restored from a backup gives the
    same numbers to other events.
    """
    touched = ", ".join(f"(t.topics ->> '{topic}')::bigint" for topic in topics)
    last = "t.seq" if topics == EVERYTHING else f"coalesce(greatest({touched}), 0)"
    return f"""(
        SELECT concat_ws(' ', t.seq, encode(t.h, 'hex'), {last}, coalesce(encode(e.h, 'hex'), '-'),
            current_date - date '1970-01-01')
        FROM team_heads AS t
        LEFT JOIN events AS e ON e.team_id = t.team_id AND e.seq = {last}
        WHERE t.team_id = $1
    )"""
