"""A domain that the command writes is a whole one: it passes what every domain has to pass."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.new_domain import NotPossible, Plan, make
from tests.conftest import Servers

PROJECT = Path(__file__).resolve().parents[1]
PARTS = ("channels", "clients/python", "db", "docs", "domains", "server", "tests")
FILES = ("pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md")
SKIPPED = shutil.ignore_patterns("__pycache__", "node_modules", "browser", "faults", "golden")
OFFERS = (
    *("offers", "--prefix", "OFR", "--summary", "Offers on a property"),
    *("--fields", "property_address:line", "price:money", "notes:note?"),
    *("--states", "made", "accepted", "declined!"),
)
BOXES = Plan.of(
    "agent_key_boxes",
    name="agent_key_box",
    prefix="AKB",
    fields=("code:word", "opened:count", "since:day", "broken:flag", "note:line?"),
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The project with two domains more."""
    root = tmp_path_factory.mktemp("homeroom") / "project"
    for part in PARTS:
        shutil.copytree(PROJECT / part, root / part, ignore=SKIPPED)
    for name in FILES:
        shutil.copy(PROJECT / name, root / name)
    ran("-m", "server", "new-domain", *OFFERS, at=root)
    make(BOXES, root)
    ran("-m", "server", "docs", at=root)
    yield root
    shutil.rmtree(root)


def ran(*arguments: str, at: Path, **environment: str) -> str:
    """Run Python there; what it said. It must end well."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=at,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=390,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_written_as_the_checks_want_it(copy: Path) -> None:
    ran("-m", "ruff", "format", "--check", "domains", "tests/examples.py", "docs", at=copy)
    ran("-m", "ruff", "check", "domains", "tests/examples.py", at=copy)
    ran("-m", "mypy", "domains/offers", "domains/agent_key_boxes", at=copy)


def test_the_numbers_of_its_migrations_are_the_next_ones(copy: Path) -> None:
    before = sorted((PROJECT / "db" / "migrations").glob("*.sql"))
    after = sorted((copy / "db" / "migrations").glob("*.sql"))
    numbers = [int(file.name[:4]) for file in after[-2:]]
    last = int(before[-1].name[:4])
    assert numbers == [last + 1, last + 2]


def test_its_page_is_written_and_listed(copy: Path) -> None:
    page = (copy / "docs" / "domains" / "offers.md").read_text()
    for part in ("# Offers", "made --> declined", "`price`", "`offers:create`", "`offer.created`"):
        assert part in page
    assert "(offers.md): Offers on a property" in (copy / "docs/domains/README.md").read_text()


@pytest.mark.timeout(400)
def test_it_passes_the_tests_of_every_domain(copy: Path, servers: Servers) -> None:
    walks = sorted(str(path.relative_to(copy)) for path in copy.glob("tests/test_every_*.py"))
    said = ran(
        *("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist"),
        *("-k", "offer", *walks),
        at=copy,
        DATABASE_URL=servers.postgres,
        REDIS_URL=servers.redis,
    )
    assert "passed" in said
    assert int(said.rpartition(" passed")[0].split()[-1]) > 100


@pytest.mark.parametrize(
    ("plural", "how"),
    [
        ("offer", {}),
        ("Offers", {}),
        ("listings", {}),
        ("offers", {"prefix": "LST"}),
        ("offers", {"prefix": "offers"}),
        ("offers", {"fields": ["price"]}),
        ("offers", {"fields": ["price:dollars"]}),
        ("offers", {"fields": ["price:money"]}),
        ("offers", {"fields": ["title:line?"]}),
        ("offers", {"states": ["all"]}),
        ("offers; drop", {}),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(plural: str, how: dict[str, object]) -> None:
    with pytest.raises(NotPossible, match=" "):
        make(Plan.of(plural, **how), PROJECT)  # type: ignore[arg-type]  # as a command line may
    assert not (PROJECT / "domains" / "offers").exists()
