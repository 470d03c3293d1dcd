"""What the live rooms count; the server shows it as metrics."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """Plain numbers of one node. All only grow, but those that say how many there are now."""

    sockets: int = 0
    opened: int = 0
    rooms: int = 0
    tasks: int = 0
    task_restarts: int = 0

    published: int = 0
    publish_failed: int = 0
    publish_dropped: int = 0
    bus_received: int = 0
    bus_malformed: int = 0
    bus_connects: int = 0

    dispatched: int = 0
    delivered: int = 0
    duplicates: int = 0
    out_of_order: int = 0
    unchained: int = 0
    repairs: int = 0
    repair_failures: int = 0
    repaired: int = 0
    range_reads: int = 0
    head_polls: int = 0
    head_poll_failures: int = 0
    rewinds: int = 0
    session_polls: int = 0
    session_poll_failures: int = 0
    timeline_changes: int = 0

    commands: int = 0
    command_failures: int = 0
    commands_limited: int = 0
    sign_ins_waited: int = 0

    presence_online: int = 0
    presence_joins: int = 0
    presence_returns: int = 0  # within the grace: nobody was told
    presence_leaves: int = 0
    presence_reaps: int = 0  # people of dead nodes
    presence_gaps: int = 0

    views: int = 0
    view_groups: int = 0
    view_reads: int = 0
    view_read_seconds: float = 0.0
    view_failures: int = 0
    view_pushes: int = 0

    joins: Counter[str] = field(default_factory=Counter)  # by mode
    refusals: Counter[str] = field(default_factory=Counter)  # by code
    closes: Counter[str] = field(default_factory=Counter)  # by reason
