"""A server starts well configured or not at all, and says all that is missing at once."""

import re
import stat
import tomllib
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest

from server.cli import main
from server.secrets_file import Secrets
from server.settings import (
    CLONE,
    Environment,
    LogFormat,
    LogLevel,
    NotConfigured,
    Settings,
    table,
)
from server.version import VERSION

GOOD = {
    "ENV": "production",
    "DATABASE_URL": "postgresql://app:x@db.internal/app",
    "REDIS_URL": "redis://cache.internal",
    "JWT_SECRET": "3f8a9c1de2b4075c6d7e8f90a1b2c3d4",
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def set_env(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def problems() -> str:
    with pytest.raises(NotConfigured) as refused:
        Settings.load()
    return str(refused.value)


def test_with_nothing_set_a_developer_gets_private_servers_and_the_demo() -> None:
    settings = Settings.load()
    assert settings.env is Environment.DEVELOPMENT
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.data_dir == CLONE / ".data"
    assert settings.private_servers
    assert settings.seeds_demo
    assert (settings.level, settings.format) == (LogLevel.WARNING, LogFormat.LOGFMT)


def test_production_names_each_missing_setting_in_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_env(monkeypatch, ENV="production")
    assert main(["run"]) == 2
    said = capsys.readouterr().err
    for name in ("DATABASE_URL", "REDIS_URL", "JWT_SECRET", "DEMO_PASSWORD"):
        assert f"{name} is not set" in said
    assert len(said.splitlines()) == 5


@pytest.mark.parametrize("missing", ["DATABASE_URL", "REDIS_URL", "JWT_SECRET"])
def test_production_starts_with_everything_and_not_with_less(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    set_env(monkeypatch, **GOOD)
    settings = Settings.load()
    assert not settings.seeds_demo
    assert (settings.level, settings.format) == (LogLevel.INFO, LogFormat.JSON)
    monkeypatch.setenv(missing, "")
    assert f"{missing} is not set" in problems()


@pytest.mark.parametrize(
    "guessable", ["x" * 40, "change-me-change-me-change-me-change-me", "0123456789" * 2 + "short"]
)
def test_production_refuses_a_guessable_or_short_secret(
    monkeypatch: pytest.MonkeyPatch, guessable: str
) -> None:
    set_env(monkeypatch, **GOOD)
    monkeypatch.setenv("JWT_SECRET", guessable)
    said = problems()
    assert said.startswith("JWT_SECRET")
    assert guessable not in said


def test_a_production_demo_has_a_chosen_password(monkeypatch: pytest.MonkeyPatch) -> None:
    set_env(monkeypatch, **GOOD, DEMO="true")
    assert problems().startswith("DEMO_PASSWORD is not set")
    monkeypatch.setenv("DEMO_PASSWORD", "short")
    assert "shorter" in problems()
    monkeypatch.setenv("DEMO_PASSWORD", "long enough")
    assert Settings.load().seeds_demo


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("ENV", "staging"),
        ("DB_POOL_MAX", "0"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://app.example.com/path"),
        ("TRUSTED_PROXIES", "10.0.0.0/99"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_named_with_its_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert problems().startswith(f"{name}:")


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    set_env(monkeypatch, CORS_ORIGINS="https://a.example, https://b.example:8443,")
    set_env(monkeypatch, TRUSTED_PROXIES="10.0.0.0/8,192.168.1.7")
    settings = Settings.load()
    assert settings.cors_origins == ("https://a.example", "https://b.example:8443")
    assert [str(network) for network in settings.proxies] == ["10.0.0.0/8", "192.168.1.7/32"]


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    set_env(monkeypatch, **GOOD)
    assert GOOD["JWT_SECRET"] not in repr(Settings.load())


def test_generated_secrets_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    first, again = Secrets.of(settings), Secrets.of(settings)
    assert first == again
    assert len(first.jwt) >= 32
    assert stat.S_IMODE((tmp_path / "data" / "secrets").stat().st_mode) == 0o600
    assert Secrets.of(Settings(data_dir=tmp_path / "other")) != first


def test_processes_that_start_together_agree_on_the_secrets(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with ThreadPool(8) as pool:
        made = pool.map(Secrets.of, [settings] * 32)
    assert len(set(made)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["secrets"]


def test_chosen_secrets_are_used_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_env(monkeypatch, **GOOD, DATA_DIR=str(tmp_path))
    assert Secrets.of(Settings.load()).jwt == GOOD["JWT_SECRET"]
    assert list(tmp_path.iterdir()) == []


def test_the_table_has_every_setting_and_no_machines_path() -> None:
    shown = table()
    assert re.findall(r"^\| `(\w+)`", shown, re.MULTILINE) == [
        name.upper() for name in Settings.model_fields
    ]
    assert str(CLONE) not in shown


def test_every_setting_has_its_sentence() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((CLONE / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
