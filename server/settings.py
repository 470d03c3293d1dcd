"""Every setting, with its default and its sentence; a half-configured server refuses to start."""

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

CLONE: Final = Path(__file__).resolve().parent.parent
PASSWORD_LENGTH: Final = 8  # in production; on one's own machine any will do
SECRET_BYTES: Final = 32  # an HMAC key shorter than its hash is weaker than the hash
PUBLIC_WORDS: Final = ("change-me", "changeme", "example", "homeroom", "password", "secret")
Network = IPv4Network | IPv6Network
DRAIN: Final = 5.0  # seconds, in production
CommaSeparated = Annotated[tuple[str, ...], NoDecode]


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    LOGFMT = "logfmt"
    JSON = "json"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class SocketTransport(StrEnum):
    DIRECT = "direct"
    STOCK = "stock"


class NotConfigured(Exception):
    """Settings are missing or wrong; `problems` holds one sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """Read from the environment, names in capitals; an empty variable counts as not set."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    env: Environment = Field(
        default=Environment.DEVELOPMENT,
        description="`production` refuses private servers and generated or guessable secrets.",
    )
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(
        default=8080, ge=0, le=65535, description="The port to listen on; 0 takes any free one."
    )
    data_dir: Path = Field(
        default=CLONE / ".data",
        description="Where the private servers and the generated secrets live.",
    )
    database_url: str | None = Field(
        default=None,
        description="Your Postgres; without it a private one is started in DATA_DIR.",
    )
    redis_url: str | None = Field(
        default=None,
        description="Your Redis or Valkey; without it a private one is started in DATA_DIR.",
    )
    db_pool_max: int = Field(
        default=10, ge=2, le=200, description="The most Postgres connections of one process."
    )
    read_cache_mb: int = Field(
        default=64, ge=0, le=100_000, description="Memory for answers kept until they change."
    )
    jwt_secret: SecretStr | None = Field(
        default=None,
        description="Signs access tokens, 32 bytes or more; generated once per DATA_DIR if absent.",
    )
    demo: bool | None = Field(
        default=None,
        description="Seed the demo team at the first start; on by default with private servers.",
    )
    demo_password: SecretStr | None = Field(
        default=None,
        description="Signs the demo team in; generated once per DATA_DIR if absent.",
    )
    cors_origins: CommaSeparated = Field(
        default=(), description="Other origins whose pages may call this server, comma-separated."
    )
    trusted_proxies: CommaSeparated = Field(
        default=(), description="Networks whose X-Forwarded-For is believed, comma-separated."
    )
    drain_seconds: float | None = Field(
        default=None,
        ge=0,
        le=300,
        description="How long a stopping server takes to send its sockets away; 5 s in production.",
    )
    socket_transport: SocketTransport = Field(
        default=SocketTransport.DIRECT,
        description="`direct` writes to WebSockets itself; `stock` leaves them to aiohttp, slower.",
    )
    job_lease_seconds: float = Field(
        default=15.0,
        ge=1,
        le=3600,
        description="After how long without a sign of life another worker takes a job over.",
    )
    log_level: LogLevel | None = Field(
        default=None,
        description="debug, info (one line a request; the default in production), warning, error.",
    )
    log_format: LogFormat | None = Field(
        default=None, description="`logfmt`, or `json` (the default in production)."
    )

    @field_validator("cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            scheme, _, host = origin.partition("://")
            if scheme not in ("http", "https") or not host or "/" in host:
                raise ValueError(f"{origin} is not an origin like https://app.example.com")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network, strict=False)
        return value

    @classmethod
    def load(cls) -> Self:
        """Raise NotConfigured with every problem at once, so that one edit mends them all."""
        try:
            settings = cls()
        except ValidationError as error:
            lines = [f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()]
            raise NotConfigured(lines) from None
        if problems := list(settings._problems()):
            raise NotConfigured(problems)
        return settings

    @property
    def production(self) -> bool:
        return self.env is Environment.PRODUCTION

    @property
    def private_servers(self) -> bool:
        return self.database_url is None or self.redis_url is None

    @property
    def seeds_demo(self) -> bool:
        return self.database_url is None if self.demo is None else self.demo

    @property
    def level(self) -> LogLevel:
        return self.log_level or (LogLevel.INFO if self.production else LogLevel.WARNING)

    @property
    def format(self) -> LogFormat:
        return self.log_format or (LogFormat.JSON if self.production else LogFormat.LOGFMT)

    @property
    def proxies(self) -> tuple[Network, ...]:
        return tuple(ip_network(network, strict=False) for network in self.trusted_proxies)

    @property
    def drain(self) -> float:
        return self.drain_seconds if self.drain_seconds is not None else DRAIN * self.production

    def _problems(self) -> Iterator[str]:
        if self.production and self.database_url is None:
            yield "DATABASE_URL is not set: production does not run on the private Postgres"
        if self.production and self.redis_url is None:
            yield "REDIS_URL is not set: production does not run on the private Redis"
        if self.production and self.jwt_secret is None:
            yield "JWT_SECRET is not set: production does not run on a generated secret"
        if self.jwt_secret is not None:
            secret = self.jwt_secret.get_secret_value()
            if len(secret.encode()) < SECRET_BYTES:
                yield f"JWT_SECRET is shorter than {SECRET_BYTES} bytes"
            elif self.production and _guessable(secret):
                yield "JWT_SECRET is an example's secret: make your own, openssl rand -hex 32"
        demo = self.demo_password and self.demo_password.get_secret_value()
        if self.production and demo is not None and len(demo) < PASSWORD_LENGTH:
            yield f"DEMO_PASSWORD is shorter than {PASSWORD_LENGTH} characters"
        if self.production and self.seeds_demo and self.demo_password is None:
            yield "DEMO_PASSWORD is not set: production does not sign in with a generated one"


def _guessable(secret: str) -> bool:
    """Few different characters, or a word that stands in somebody's documentation."""
    return len(set(secret)) < 10 or any(word in secret.lower() for word in PUBLIC_WORDS)


def table() -> str:
    """The settings as Markdown, for the README."""
    rows = ["| variable | default | what it does |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, Path):
            default = default.relative_to(CLONE)
        shown = f"`{default}`" if default not in (None, ()) else ""
        rows.append(f"| `{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(rows)
