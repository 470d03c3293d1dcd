"""The private servers: shared, restarted, found again, gone with the last one who needs them."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis

from db.embedded import Embedded, attach
from db.keeper import LINGER_SECONDS, socket_path
from db.private_postgres import start_postgres
from db.private_valkey import start_valkey
from db.servant import CannotStart

PROJECT = Path(__file__).resolve().parents[2]
CLIENT = """
import sys
from pathlib import Path
from db.embedded import attach
with attach(Path(sys.argv[1])) as servers:
    print(servers.keeper_pid, servers.postgres_pid, servers.redis_pid, flush=True)
    sys.stdin.read()
"""


def test_four_processes_racing_share_one_keeper_and_the_last_one_stops_it(tmp_path: Path) -> None:
    with clients(tmp_path, 4) as processes:
        said = [line_of(process) for process in processes]
        assert len(set(said)) == 1
        pids = [int(word) for word in said[0].split()]

        for process in processes[:3]:
            kill(process.pid)
        time.sleep(LINGER_SECONDS + 0.5)
        assert all(lives(pid) for pid in pids)

        kill(processes[3].pid)
        eventually(lambda: not any(lives(pid) for pid in pids))
    assert not (tmp_path / "keeper.sock").exists()


async def test_a_killed_postgres_comes_back_with_its_rows(tmp_path: Path) -> None:
    with attach(tmp_path) as servers:
        address, pid = servers.database_url, servers.postgres_pid
        await remember(address, "before")

        kill(pid)
        eventually(lambda: servers.postgres_pid != pid)

        assert servers.database_url == address
        assert await recall(address) == ["before"]
    finished(servers)


async def test_a_killed_redis_comes_back_with_its_keys(tmp_path: Path) -> None:
    with attach(tmp_path) as servers:
        address, pid = servers.redis_url, servers.redis_pid
        async with Redis.from_url(address) as redis:
            await redis.set("before", "kept")
            await redis.waitaof(1, 0, 5000)  # on disk, not only in the second's buffer

        kill(pid)
        eventually(lambda: servers.redis_pid != pid)

        assert servers.redis_url == address
        async with Redis.from_url(address) as redis:
            assert await redis.get("before") == b"kept"
    finished(servers)


async def test_a_killed_keeper_is_replaced_at_the_same_address(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with attach(tmp_path) as servers, attach(tmp_path) as neighbor:
        addresses, keeper = (servers.database_url, servers.redis_url), servers.keeper_pid
        await remember(servers.database_url, "before")

        kill(keeper)
        eventually(lambda: keeper not in {servers.keeper_pid, neighbor.keeper_pid})

        assert servers.keeper_pid == neighbor.keeper_pid
        assert (servers.database_url, servers.redis_url) == addresses
        assert await recall(servers.database_url) == ["before"]
        assert "is gone; starting another" in caplog.text
    finished(servers)


async def test_a_data_folder_deleted_under_its_servers_is_begun_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with attach(data) as servers:
        await remember(servers.database_url, "before")
        old = (servers.keeper_pid, servers.postgres_pid, servers.redis_pid)

        shutil.rmtree(data, ignore_errors=True)
        eventually(lambda: servers.keeper_pid not in old)

        await remember(servers.database_url, "after")
        assert await recall(servers.database_url) == ["after"]
        eventually(lambda: not any(lives(pid) for pid in old))
    finished(servers)


async def test_a_taken_port_is_given_up_and_a_free_one_is_kept(tmp_path: Path) -> None:
    with attach(tmp_path) as servers:
        first = (servers.database_url, servers.redis_url)
        await remember(servers.database_url, "before")
    finished(servers)

    with attach(tmp_path) as servers:
        assert (servers.database_url, servers.redis_url) == first
    finished(servers)

    with (
        socket.create_server(("127.0.0.1", port_of(first[0]))),
        socket.create_server(("127.0.0.1", port_of(first[1]))),
        attach(tmp_path) as servers,
    ):
        assert port_of(servers.database_url) != port_of(first[0])
        assert port_of(servers.redis_url) != port_of(first[1])
        assert await recall(servers.database_url) == ["before"]
    finished(servers)


async def test_a_data_path_too_long_for_a_socket_works(tmp_path: Path) -> None:
    data = tmp_path / ("a long name with spaces " * 6).strip()
    with attach(data) as servers:
        await remember(servers.database_url, "here")
        async with Redis.from_url(servers.redis_url) as redis:
            assert await redis.ping()
    finished(servers)
    socket_path(data).parent.rmdir()


async def test_what_a_crash_left_behind_does_not_stop_a_start(tmp_path: Path) -> None:
    (tmp_path / "cluster.new").mkdir()
    (tmp_path / "cluster.new" / "half-made").touch()
    server = start_postgres(tmp_path)
    await remember(server.url, "before")
    server.kill()
    stale = tmp_path / "cluster" / "postmaster.pid"
    # The number now belongs to somebody else: to this test, which must survive.
    stale.write_text(stale.read_text().replace(str(server.pid), str(os.getpid()), 1))

    server = start_postgres(tmp_path, server.port)

    assert await recall(server.url) == ["before"]
    server.stop()


async def test_an_orphan_is_stopped_before_its_data_is_opened_again(tmp_path: Path) -> None:
    orphan = start_valkey(tmp_path)
    heir = start_valkey(tmp_path, orphan.port)

    assert not orphan.running
    assert heir.ready
    heir.stop()


def test_the_data_of_another_major_version_is_refused_with_advice(tmp_path: Path) -> None:
    cluster = tmp_path / "postgres" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("12\n")

    with pytest.raises(CannotStart, match=r"made by Postgres 12.*pg_dump.*DATA_DIR"):
        attach(tmp_path)


@contextmanager
def clients(data: Path, count: int) -> Iterator[list["subprocess.Popen[str]"]]:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CLIENT, data],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
        )
        for _ in range(count)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline()


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def eventually(holds: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def finished(servers: Embedded) -> None:
    """The keeper leaves last, when both servers have let go of their data."""
    eventually(lambda: not lives(servers.keeper_pid))
    assert not lives(servers.postgres_pid)
    assert not lives(servers.redis_pid)


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])


async def remember(url: str, note: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE notes (note text)")
    await connection.execute("INSERT INTO notes VALUES ($1)", note)
    await connection.close()


async def recall(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT note FROM notes")
    await connection.close()
    return [row["note"] for row in rows]
