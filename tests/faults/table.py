"""The rows of the fault table that one machine can hold; docs/operations.md gives the figures."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from tests.faults import (
    clock_rows,
    failover_rows,
    network_rows,
    node_rows,
    people_rows,
    postgres_rows,
    redis_rows,
)
from tests.faults.figures import Verdict
from tests.faults.office import Office, Scale
from tests.faults.suite_rows import suite

Run = Callable[[Office, Scale, Verdict], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Row:
    """`short` is what CI has time for, `full` what the table asks, as far as two cores can."""

    number: str
    title: str
    run: Run
    short: Scale
    full: Scale
    nodes: int = 2
    module: str = "server"
    settings: Mapping[str, str] = field(default_factory=dict)
    needs: Callable[[], str | None] | None = None  # what must be installed; None when it is not


def full(clients: int, writes: float, seconds: float) -> Scale:
    return Scale(clients, writes, seconds, full=True)


ROWS = [
    Row(
        "1",
        "kill -9 of Redis under load",
        redis_rows.redis_killed,
        Scale(60, 40, 8),
        full(500, 50, 30),
    ),
    Row(
        "2",
        "CLIENT KILL TYPE pubsub, again and again",
        redis_rows.subscribers_thrown_out,
        Scale(60, 40, 10),
        full(200, 50, 300),
    ),
    Row(
        "3",
        "Redis forgets everything, restarts with an old state; what presence makes of it",
        suite("tests/realtime/test_presence_faults.py"),
        full(0, 0, 120),
        full(0, 0, 120),
        nodes=0,
    ),
    Row(
        "4",
        "a message of 40 MB on the bus",
        redis_rows.monstrous_message,
        Scale(40, 30, 6),
        full(200, 50, 30),
    ),
    Row(
        "5",
        "kill -9 of a node in the middle of a broadcast",
        node_rows.killed_mid_broadcast,
        Scale(100, 0, 0),
        full(1000, 0, 0),
    ),
    Row(
        "6",
        "the writer dies between COMMIT and PUBLISH",
        node_rows.publish_forgotten,
        Scale(40, 30, 8),
        full(200, 50, 60),
        module="tests.faults.forgetful_node",
    ),
    Row(
        "7",
        "the connection is cut during COMMIT",
        postgres_rows.commit_cut,
        Scale(0, 0, 0),
        full(0, 0, 600),
        nodes=0,
    ),
    Row(
        "8",
        "a node cut off from Redis or Postgres, one way and both",
        network_rows.partitioned,
        Scale(30, 20, 14),
        full(200, 50, 60),
    ),
    Row(
        "9",
        "readers of 1 KB/s among others",
        node_rows.slow_consumer,
        Scale(60, 50, 8),
        full(500, 50, 30),
        nodes=1,
    ),
    Row(
        "11",
        "nodes deployed one after the other, under load",
        node_rows.rolling_deploy,
        Scale(60, 20, 15),
        full(200, 50, 1200),
    ),
    Row(
        "12",
        "nodes whose clocks are ten minutes wrong",
        clock_rows.skewed,
        Scale(40, 30, 8),
        full(200, 50, 60),
        needs=clock_rows.libfaketime,
    ),
    Row(
        "13",
        "Postgres restarted, then crashed, under load",
        postgres_rows.postgres_restarted,
        Scale(60, 40, 8),
        full(200, 50, 60),
    ),
    Row(
        "14",
        "a lagging standby takes over, and the last commits are lost",
        failover_rows.standby_promoted,
        Scale(45, 30, 9),
        full(300, 50, 60),
    ),
    Row(
        "15",
        "a backup is put back",
        failover_rows.restored,
        Scale(30, 20, 6),
        full(300, 50, 60),
    ),
    Row(
        "16",
        "a bus that loses, doubles and delays",
        node_rows.unruly_bus,
        Scale(60, 40, 10),
        full(200, 50, 120),
        module="tests.realtime.leaky_node",
    ),
    Row(
        "17",
        "many idle connections on one process",
        node_rows.idle_sockets,
        Scale(2000, 0, 10),
        full(10_000, 0, 600),
        nodes=1,
    ),
    Row(
        "18",
        "connections made and ended, over and over",
        node_rows.churn,
        Scale(50, 0, 0),
        full(200, 0, 1800),
        nodes=1,
    ),
    Row(
        "19",
        "people cut off in a burst, and while they come in",
        people_rows.cut_off,
        Scale(20, 60, 20),
        full(100, 60, 600),
    ),
    Row(
        "20",
        "a token ends while its screen sleeps",
        suite("tests/realtime/test_token_life.py", "tests/realtime/test_waking.py"),
        full(0, 0, 120),
        full(0, 0, 120),
        nodes=0,
    ),
    Row(
        "21",
        "64 writers of one team, a tenth of whom change their minds",
        postgres_rows.crowded_counter,
        Scale(0, 0, 8),
        full(0, 0, 600),
        nodes=0,
    ),
    Row(
        "22",
        "lists read among writes, and followed from there",
        suite(
            "tests/realtime/test_snapshot_and_stream.py",
            short={"READING_RACES": "60"},
            full={"READING_RACES": "5000"},
        ),
        Scale(0, 0, 120),
        full(0, 0, 1800),
        nodes=0,
    ),
    Row(
        "23",
        "written on one node, read on another that has not heard",
        suite(
            "tests/realtime/test_snapshot_and_stream.py::test_no_read_is_from_before_what_its_reader_names",
            short={"READING_RACES": "200"},
            full={"READING_RACES": "100000"},
        ),
        Scale(0, 0, 120),
        full(0, 0, 3600),
        nodes=0,
    ),
    Row(
        "24",
        "every mutation: its state, its event and a fresh reading agree",
        suite("tests/test_every_resource.py", "tests/test_every_field.py"),
        full(0, 0, 300),
        full(0, 0, 300),
        nodes=0,
    ),
    Row(
        "25",
        "bytes that no client sends, on both transports",
        suite("tests/fuzz", short={"FUZZ_SECONDS": "20"}, full={"FUZZ_SECONDS": "600"}),
        Scale(0, 0, 120),
        full(0, 0, 1200),
        nodes=0,
    ),
    Row(
        "27",
        "a row of the log altered or deleted",
        postgres_rows.tampered,
        Scale(0, 0, 0),
        full(0, 0, 600),
        nodes=0,
    ),
]
