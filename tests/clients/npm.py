"""What the JavaScript clients' tests need from the npm registry, installed once for all of them."""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import DATA

SOURCES = Path(__file__).parent / "node"
CLIENT = Path(__file__).parents[2] / "clients" / "js"
NAME = "homeroom-client"


def installed() -> Path:
    """A folder with the committed lock's packages, our client and the scripts of `node/`."""
    npm = shutil.which("npm")
    if not (npm and shutil.which("node")):
        pytest.skip("node and npm are not installed, so the JavaScript client cannot run")
    folder = DATA / "node"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test workers would install into each other's files
        wanted = (SOURCES / "package-lock.json").read_bytes()
        marker = folder / "installed.json"
        if not marker.exists() or marker.read_bytes() != wanted:
            _install(npm, folder)
            marker.write_bytes(wanted)
        for script in SOURCES.glob("*.mjs"):
            shutil.copy(script, folder)
    return folder


def _install(npm: str, folder: Path) -> None:
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(SOURCES / name, folder)
    done = subprocess.run([npm, "ci"], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"npm cannot install what the JavaScript client needs: {done.stderr[-300:]}")
    # By its name, as whoever installs it imports it.
    (folder / "node_modules" / NAME).symlink_to(CLIENT)
