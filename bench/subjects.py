"""Who is measured: how each server is started, signed in to, and listened to."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from bench.data import Person
from domains.auth.tokens import Tokens

HERE: Final = Path(__file__).resolve().parent
OURS, STOCK, STOCK_UVLOOP, NODE = "ours", "stock", "stock-uvloop", "node"
SECRET: Final = "for one run of the bench on one machine, and nowhere else"  # noqa: S105 - as it says
ALL_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Subject:
    """One server. `headers` and `enters` say who a request or a screen comes from."""

    name: str
    about: str
    command: list[str]
    headers: Callable[[Person], dict[str, str]]
    enters: Callable[[Person], dict[str, Any]]
    hello: str
    escrow_event: str
    member_event: str
    settings: Mapping[str, str] = field(default_factory=dict)
    resumes: bool = False  # numbers its events, and can give those that were missed
    python: bool = True


def ours() -> Subject:
    """As an operator runs it. The peers write no access log, so ours is asked for none either."""
    tokens = Tokens([SECRET], lifetime=ALL_DAY)

    def token(person: Person) -> str:
        return tokens.issue(person.user_id, person.team_id, person.session_id)

    return Subject(
        OURS,
        "Homeroom: signed in by JWT, membership from Postgres, every write in the log",
        [sys.executable, "-m", "server", "run"],
        headers=lambda person: {"Authorization": f"Bearer {token(person)}"},
        enters=lambda person: {"token": token(person), "proto": 1},
        hello='42["hello"',
        escrow_event='42["event"',
        member_event='42["event"',
        settings={"DEMO": "false", "JWT_SECRET": SECRET, "LOG_LEVEL": "warning"},
        resumes=True,
    )


def stock(name: str = STOCK) -> Subject:
    loop = "uvloop" if name == STOCK_UVLOOP else "asyncio"
    return _peer(
        name,
        f"aiohttp, asyncpg, python-socketio with AsyncRedisManager, on {loop}",
        [sys.executable, str(HERE / "peers" / "stock.py")],
        {"CHANNEL": name, "UVLOOP": "1" if loop == "uvloop" else ""},
    )


def node(modules: Path) -> Subject:
    return _peer(
        NODE,
        "Express, pg, socket.io with its Redis adapter",
        ["node", str(HERE / "peers" / "express" / "server.js")],
        {"NODE_PATH": str(modules), "NODE_ENV": "production"},
        python=False,
    )


def _peer(
    name: str,
    about: str,
    command: list[str],
    settings: Mapping[str, str],
    *,
    python: bool = True,
) -> Subject:
    return Subject(
        name,
        about + ": believes a header, keeps no log",
        command,
        headers=lambda person: {"X-Team": str(person.team_id), "X-User": str(person.user_id)},
        enters=lambda person: {"team": str(person.team_id)},
        hello="40",
        escrow_event='42["escrow:updated"',
        member_event='42["member:updated"',
        settings=settings,
        python=python,
    )


def environment(subject: Subject, *, port: int, database: str, redis: str) -> dict[str, str]:
    """The caller's own environment must not change what is measured, so little of it is kept."""
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ
    }
    addresses = {"PORT": str(port), "DATABASE_URL": database, "REDIS_URL": redis}
    return {**kept, **addresses, **subject.settings}
