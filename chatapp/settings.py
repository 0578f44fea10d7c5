"""Every setting of chatapp: its name, type, default and meaning.

Values come from the environment; a ``.env`` file beside the project fills in what the environment
leaves unset. Import :func:`settings`, never ``os.environ``.
"""

from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from dotenv import load_dotenv
from pydantic import AnyHttpUrl, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent

REDIS_SCHEMES = ("redis", "rediss", "redis+sentinel", "redis+cluster", "rediss+cluster")


class Settings(BaseSettings):
    """What a person who runs chatapp can set. Lengths are in characters, durations in seconds."""

    model_config = SettingsConfigDict(env_prefix="CHATAPP_", env_ignore_empty=True, extra="ignore")

    data_dir: Path = Path("data")
    """Where the embedded database and other files of this installation lie."""

    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    """PostgreSQL, as ``postgresql://user:password@host/name``. Unset: SQLite in ``data_dir``."""

    database_direct_url: str | None = Field(default=None, validation_alias="DATABASE_DIRECT_URL")
    """The same database past a pooler, for copies and migrations. Unset: ``database_url``."""

    redis_url: str | None = Field(default=None, validation_alias="REDIS_URL")
    """Redis, as ``redis://host:6379/0``, ``rediss://…`` with TLS, behind Sentinel as
    ``redis+sentinel://host:26379,host:26379/service``, or a shard of a Redis Cluster as
    ``redis+cluster://host:6379,host:6379/tag``. Unset: embedded in the one process."""

    cache_redis_url: str | None = None
    """Redis for cached answers, which may evict them. Unset: the one of ``redis_url``."""

    answer_cache: bool = True
    """Whether answers may be given again at all; off, no admin can switch it on."""

    secret: SecretStr | None = Field(default=None, min_length=32)
    """What keys are made of. Unset: made at the first start and kept in ``data_dir``."""

    secret_before: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Earlier secrets, comma-separated: what they have sealed is sealed anew by the present one."""

    host: str = Field(default="127.0.0.1", validation_alias="HOST")
    port: int = Field(default=3000, ge=1, le=65535, validation_alias="PORT")

    pool: Path = Path("pool.toml")
    """The file that describes the model pool. Absent: the known keys make one."""

    signup: Literal["open", "approval", "closed"] = "open"
    """Who may make an account: anyone, anyone whom an admin then approves, nobody."""

    public_url: AnyHttpUrl | None = None
    """The address that people type. Set: other origins are refused whatever their Host header."""

    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    """Networks of the proxies in front, comma-separated; only their X-Forwarded-* are believed."""

    log: Literal["plain", "json"] = "plain"
    """The form of the log's lines: for people, or for machines."""

    session_days: int = Field(default=30, ge=1)
    """A session ends after so many days without use."""

    question_length: int = Field(default=32_000, ge=1, le=200_000)
    """The longest question."""

    tavily_api_key: SecretStr | None = Field(default=None, validation_alias="TAVILY_API_KEY")
    """Lets agents search the web by Tavily."""

    brave_api_key: SecretStr | None = Field(default=None, validation_alias="BRAVE_API_KEY")
    """Lets agents search the web by Brave."""

    search_url: AnyHttpUrl | None = None
    """Another address of the search, for a proxy of one's own; it may be a private one."""

    history_turns: int = Field(default=40, ge=1)
    """How many of the last messages of a chat a model is given at most."""

    metrics_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = (
        IPv4Network("127.0.0.0/8"),
        IPv6Network("::1/128"),
    )
    """Networks, comma-separated, from which ``/metrics`` is seen, if it is asked for directly."""

    metrics_token: SecretStr | None = None
    """Who sends it as a bearer token sees ``/metrics`` from anywhere."""

    database_connections: int = Field(default=20, ge=2)
    """The most connections that one process opens to PostgreSQL."""

    redis_connections: int = Field(default=32, ge=4)
    """The most connections that one process opens to each Redis."""

    @field_validator("trusted_proxies", "metrics_networks", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("redis_url", "cache_redis_url")
    @classmethod
    def _redis(cls, value: str | None) -> str | None:
        if value and value.partition("://")[0] not in REDIS_SCHEMES:
            raise ValueError(f"must begin with {', '.join(f'{s}://' for s in REDIS_SCHEMES)}")
        return value

    @field_validator("secret_before", mode="before")
    @classmethod
    def _secrets(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(SecretStr(part.strip()) for part in value.split(",") if part.strip())
        return value

    @field_validator("database_url", "database_direct_url")
    @classmethod
    def _database(cls, value: str | None) -> str | None:
        if value and not value.startswith(("postgresql://", "postgres://", "sqlite:///")):
            raise ValueError("must begin with postgresql:// (or sqlite:/// for a file)")
        return value

    @property
    def sqlalchemy_url(self) -> str:
        """The database's address with the async driver named."""
        return self._with_driver(self.database_url)

    @property
    def direct_sqlalchemy_url(self) -> str:
        """The same, for what needs a session of its own."""
        return self._with_driver(self.database_direct_url or self.database_url)

    def _with_driver(self, url: str | None) -> str:
        if url is None:
            return f"sqlite+aiosqlite:///{self.data_dir.resolve() / 'chatapp.db'}"
        scheme, rest = url.split("://", 1)
        driver = "sqlite+aiosqlite" if scheme == "sqlite" else "postgresql+psycopg"
        return f"{driver}://{rest}"


@cache
def settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        pydantic.ValidationError: a value is of the wrong form.
    """
    load_dotenv(PROJECT / ".env")
    return Settings()
