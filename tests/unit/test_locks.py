"""The lock files say what pyproject.toml says, pinned by hash, and name no machine."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[2]
LOCKS = ("runtime", "dev", "uv")
OURS = ("bench", "channels", "clients", "db", "domains", "server", "tests")
NAMES = {*OURS, "homeroom_client"}
PROGRAM = ("channels", "db", "domains", "server")
ENTRY = re.compile(r"(?ms)^(?P<name>[\w.-]+)==(?P<version>\S+)(?P<rest>.*?)(?=^\S|\Z)")

Entries = dict[str, tuple[str, str]]


def lock(name: str) -> str:
    return (PROJECT / "requirements" / f"{name}.txt").read_text()


def entries(name: str) -> Entries:
    return {
        canonicalize_name(found["name"]): (found["version"], found["rest"])
        for found in ENTRY.finditer(lock(name))
    }


def asked_for(name: str) -> list[Requirement]:
    pyproject = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    runtime = pyproject["project"]["dependencies"]
    groups = pyproject["dependency-groups"]
    lines = {"runtime": runtime, "dev": [*runtime, *groups["dev"]], "uv": groups["uv"]}[name]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("name", LOCKS)
def test_every_dependency_is_locked_at_a_version_that_it_allows(name: str) -> None:
    locked = entries(name)
    for requirement in asked_for(name):
        version, _ = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement}: run ./run lock"


@pytest.mark.parametrize("name", LOCKS)
def test_nothing_is_locked_that_nobody_asked_for(name: str) -> None:
    asked = {canonicalize_name(requirement.name) for requirement in asked_for(name)}
    locked = entries(name)
    for package, (_, rest) in locked.items():
        wanted_by = set(re.findall(r"(?m)#\s+(?:via )?([\w.-]+)$", rest))
        assert package in asked or wanted_by & locked.keys(), f"{package}: run ./run lock"


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_its_hashes(name: str) -> None:
    locked = entries(name)
    pins = [line for line in lock(name).splitlines() if line and line[0] not in "# "]
    assert len(locked) == len(pins) > 0
    for package, (_, rest) in locked.items():
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", rest), package


@pytest.mark.parametrize("name", LOCKS)
def test_no_registry_and_no_path_of_a_machine_is_named(name: str) -> None:
    for line in lock(name).splitlines():
        assert not re.search(r"://|index|find-links|^-|\s/|@ ", line), line


def test_development_adds_to_the_runtime_and_changes_nothing_in_it() -> None:
    development = entries("dev")
    for package, (version, _) in entries("runtime").items():
        assert development[package][0] == version


@pytest.mark.parametrize(("name", "folders"), [("runtime", PROGRAM), ("dev", OURS)])
def test_what_is_imported_is_asked_for_and_not_only_there_by_chance(
    name: str, folders: tuple[str, ...]
) -> None:
    asked = {canonicalize_name(requirement.name) for requirement in asked_for(name)}
    bringers = packages_distributions()
    for module in {module for folder in folders for module in imported(PROJECT / folder)}:
        brought_by = {canonicalize_name(bringer) for bringer in bringers.get(module, [])}
        assert brought_by & asked, f"{module} is imported and nothing in pyproject.toml brings it"


def imported(folder: Path) -> Iterator[str]:
    """The names of other people's packages."""
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            for module in modules:
                top = module.partition(".")[0]
                if top not in NAMES and top not in sys.stdlib_module_names:
                    yield top
