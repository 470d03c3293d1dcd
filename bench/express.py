"""Installs the Node peer from its lock file, where Node and npm are present."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

PEER: Final = Path(__file__).resolve().parent / "peers" / "express"
OLDEST_NODE: Final = 18
INSTALL: Final = ("ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")


class Missing(Exception):
    """Why the Node peer cannot take part."""


def modules(cache: Path, *, seconds: float) -> Path:
    """The folder of its installed packages, kept for the next run; raise Missing."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise Missing("there is no node and npm on PATH")
    version = _say(["node", "--version"], seconds).lstrip("v")
    if int(version.split(".")[0]) < OLDEST_NODE:
        raise Missing(f"Node {version} is older than {OLDEST_NODE}")
    lock = PEER / "package-lock.json"
    folder = cache / hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    if not (folder / "installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file in (lock, PEER / "package.json"):
            shutil.copy(file, folder)
        _say([npm, *INSTALL], seconds, folder)
        (folder / "installed").touch()
    return folder / "node_modules"


def _say(command: list[str], seconds: float, folder: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=True,
            env={**os.environ, "npm_config_update_notifier": "false"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Missing(f"`{' '.join(command[:2])}` took longer than {seconds:.0f} s") from None
    except subprocess.CalledProcessError as error:
        raise Missing(f"`{' '.join(command[:2])}` failed: {error.stderr.strip()[-300:]}") from None
    return done.stdout.strip()
