"""What a newcomer reads first says what is true: ./run help, Procfile, .env.example."""

import re
import subprocess
from pathlib import Path

import pytest

from server.cli import main
from server.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
EVERYWHERE = {"start", "run", "-h", "--help", "*"}


def run(*arguments: str, cwd: Path = PROJECT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [PROJECT / "run", *arguments], capture_output=True, text=True, check=False, cwd=cwd
    )


def test_help_lists_every_target_from_any_folder(tmp_path: Path) -> None:
    cases = re.findall(r"^([\w| *-]+)\)", (PROJECT / "run").read_text(), re.MULTILINE)
    targets = {target.strip() for case in cases for target in case.split("|")} - EVERYWHERE
    told = {line.split()[0] for line in run("help", cwd=tmp_path).stdout.splitlines()[1:]}
    assert told == targets | {"start"}


def test_an_unknown_target_is_refused_with_the_list() -> None:
    done = run("dance")
    assert done.returncode == 2
    assert "no target dance" in done.stderr
    assert "./run [target]" in done.stderr


def test_the_procfile_starts_commands_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    lines = (PROJECT / "Procfile").read_text().splitlines()
    processes = dict(line.split(": ") for line in lines)
    assert list(processes) == ["release", "web", "worker"]
    for command in processes.values():
        with pytest.raises(SystemExit) as left:
            main([*command.removeprefix("python -m server ").split(), "--help"])
        assert left.value.code == 0
    assert "usage: python -m server" in capsys.readouterr().out


def test_the_example_environment_names_every_setting_and_no_other() -> None:
    example = (PROJECT / ".env.example").read_text()
    named = re.findall(r"^# ([A-Z][A-Z_]*)=", example, re.MULTILINE)
    assert named == [name.upper() for name in Settings.model_fields]
