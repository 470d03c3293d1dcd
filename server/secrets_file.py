"""Secrets that nobody chose: made once per data folder and kept there, for its owner only."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from server.settings import Settings

WORDS = 4
SYLLABLES = [first + second for first in "bdfgklmnprst" for second in "ao"]


@dataclass(frozen=True, slots=True)
class Secrets:
    jwt: str
    demo_password: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The chosen ones where they are set, else those of the data folder."""
        jwt = settings.jwt_secret and settings.jwt_secret.get_secret_value()
        password = settings.demo_password and settings.demo_password.get_secret_value()
        if jwt and (password or not settings.seeds_demo):
            return cls(jwt, password or "")
        kept = _keep(settings.data_dir / "secrets")
        return cls(jwt or kept["jwt_secret"], password or kept["demo_password"])


def _keep(file: Path) -> dict[str, str]:
    """Two processes may start at once: the first to link its file wins, and both read that one."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        made = {"jwt_secret": secrets.token_hex(32), "demo_password": _pronounceable()}
        draft = file.with_name(f"secrets.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as out:
            json.dump(made, out)
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    kept: dict[str, str] = json.loads(file.read_text())
    return kept


def _pronounceable() -> str:
    """A password that can be read aloud and typed: about 44 bits with its number."""
    words = ["".join(secrets.choice(SYLLABLES) for _ in range(2)) for _ in range(WORDS)]
    return "-".join(words) + f"-{secrets.randbelow(100):02}"
