"""How a private server is started: never as root, and not outliving who started it."""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NOBODY = 65534
OTHERS_MAY_ENTER = 0o001
OTHERS_MAY_READ_AND_RUN = 0o005
OWN_SERVERS = "Or use servers of your own: set DATABASE_URL and REDIS_URL."

# A fixed environment: a caller's PGDATA, LD_LIBRARY_PATH or locale must not change the servers.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class CannotStart(Exception):
    """A private server cannot run here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Servant:
    """The identity that a server runs under: ours, or a powerless user's when we are root.

    Postgres refuses to run as root. Below a private home (mode 0700) that other user could not
    even reach the files, so there, and only there, it keeps the capability to pass those folders.
    """

    prefix: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    uid: int | None = None
    gid: int | None = None

    @classmethod
    def for_folder(cls, folder: Path, program: Path, *, die_with_parent: str) -> "Servant":
        setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
        # The kernel sends this signal when our process dies, also by kill -9. Where it cannot
        # (macOS), `end_orphan` in private_server.py stops the left-over at the next start.
        tied = [setpriv, "--pdeathsig", die_with_parent] if setpriv else []
        if os.geteuid() != 0:
            return cls(prefix=tied)
        uid, gid = _owner(folder)
        if not setpriv:
            identity = {"user": uid, "group": gid, "extra_groups": []}
            return cls(options=identity, uid=uid, gid=gid)
        drop = [*tied, "--reuid", str(uid), "--regid", str(gid), "--clear-groups"]
        if not _reachable(folder.parent) or not _runnable(program):
            drop += ["--securebits", "+no_setuid_fixup"]
            drop += ["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"]
        return cls(prefix=drop, uid=uid, gid=gid)

    def give(self, path: Path) -> None:
        """Hand a file or folder over to this identity."""
        if self.uid is not None and self.gid is not None:
            try:
                os.chown(path, self.uid, self.gid)
            except OSError as error:
                raise CannotStart(
                    f"As root, {path} cannot be given to the user that the servers run under "
                    f"({error.strerror}). Run as an ordinary user. {OWN_SERVERS}"
                ) from error

    def popen(self, command: Sequence[str | Path], log: Path) -> subprocess.Popen[bytes]:
        """Start a server in its own session: Ctrl-C on a terminal is not meant for it."""
        with log.open("ab") as output:
            return subprocess.Popen(
                [*self.prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                **self.options,
            )

    def run(self, command: Sequence[str | Path]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*self.prefix, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=ENVIRONMENT,
            cwd="/",
            **self.options,
        )


def _owner(folder: Path) -> tuple[int, int]:
    """A folder made by an ordinary user stays that user's when root starts the server on it."""
    if folder.exists() and folder.stat().st_uid != 0:
        return folder.stat().st_uid, folder.stat().st_gid
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return NOBODY, NOBODY
    return nobody.pw_uid, nobody.pw_gid


def _reachable(folder: Path) -> bool:
    return all(step.stat().st_mode & OTHERS_MAY_ENTER for step in [folder, *folder.parents])


def _runnable(program: Path) -> bool:
    open_to_others = program.stat().st_mode & OTHERS_MAY_READ_AND_RUN == OTHERS_MAY_READ_AND_RUN
    return open_to_others and _reachable(program.parent)
