"""What the documents name is there."""

import re
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path

import pytest

from channels.base.counters import Counters
from server import domain_pages
from tests.faults.table import ROWS

PROJECT = Path(__file__).resolve().parents[2]
DECISIONS = PROJECT / "docs" / "decisions"
FOREIGN = ("http:", "https:", "mailto:")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def documents() -> list[Path]:
    found = list(PROJECT.glob("*.md"))
    for folder in ("docs", "bench", "clients", "server", "tests"):
        found += (PROJECT / folder).rglob("*.md")
    return [path.relative_to(PROJECT) for path in sorted(found) if "node_modules" not in path.parts]


@pytest.mark.parametrize("document", documents(), ids=str)
def test_links_lead_to_files_and_headings(document: Path) -> None:
    text = (PROJECT / document).read_text()
    for link in LINK.findall(text):
        if not link.startswith(FOREIGN):
            path, _, heading = link.partition("#")
            target = (PROJECT / document).parent / path if path else PROJECT / document
            assert target.exists(), link
            assert not heading or heading in _headings(target), link


def test_decisions_are_numbered_and_listed_and_say_what_enforces_them() -> None:
    pages = sorted(DECISIONS.glob("[0-9]*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert len(set(numbers)) == len(pages)
    listed = (DECISIONS / "README.md").read_text()
    for number, page in zip(numbers, pages, strict=True):
        text = page.read_text()
        title = text.splitlines()[0].removeprefix(f"# {number}. ")
        assert f"{number}. [{title}]({page.name})" in listed
        if page.name != "0010-dependencies.md":  # a table, with what each is instead of
            assert "**Rejected.**" in text, page.name
            assert "**Enforced by**" in text, page.name


def test_the_pages_of_the_domains_say_what_their_definitions_do() -> None:
    for path, text in domain_pages.pages():
        assert path.exists(), f"./run docs writes {path.name}, python -m server docs does too"
        assert path.read_text() == text, f"{path.name} is stale: ./run docs (python -m server docs)"


@pytest.mark.parametrize("package", ["channels", "domains/kit"])
def test_the_architecture_has_a_place_for_every_module(package: str) -> None:
    words = set(re.findall(r"[a-z_*]+", (PROJECT / "docs" / "architecture.md").read_text()))
    for module in sorted((PROJECT / package).rglob("*.py")):
        known = any(fnmatch(module.stem, word) for word in words - {"*"})
        assert known or module.stem == "__init__", module


def test_operations_lists_the_rows_of_the_fault_table_in_order() -> None:
    text = (PROJECT / "docs" / "operations.md").read_text()
    section = text.partition("## Breaking it on purpose")[2].partition("\n## ")[0]
    assert re.findall(r"^\| (\d+) \|", section, re.MULTILINE) == [row.number for row in ROWS]


def test_operations_names_only_counters_that_are_kept() -> None:
    text = (PROJECT / "docs" / "operations.md").read_text()
    kept = {field.name for field in fields(Counters)}
    for name in re.findall(r"homeroom_live_(\w+)", text):
        assert name.removesuffix("_total") in kept, name


def _headings(document: Path) -> set[str]:
    """As the usual viewers of Markdown name them in links."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
