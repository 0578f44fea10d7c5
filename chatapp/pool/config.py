"""What the pool consists of: accounts with their keys, and the models that they serve."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from chatapp.pool.days import PACIFIC, known
from chatapp.pool.tables import PoolConfigError, Table, tables
from chatapp.settings import settings

__all__ = ["Account", "Member", "PoolConfig", "PoolConfigError", "parse_pool", "read_pool"]

TITLES = {"groq": "Groq", "google": "Gemini", "openai": "OpenAI", "demo": "Demo"}
"""How people know the providers that have a name of their own here."""

ROLLING = "rolling"
"""What ``rpd_resets`` says for a day that is the last 24 hours."""

DEMO = "demo"
"""The provider that needs no key, and the tier it is in when nothing else is configured."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account at a provider: one key and one quota, which all of its models share."""

    name: str
    provider: str
    """``groq``, ``google``, ``openai``, ``demo`` or a LangChain integration's name."""
    api_key: SecretStr | None = field(default=None, repr=False)
    base_url: str | None = None
    title: str = ""
    """How people know the account; made from the provider or the name when not set."""
    owner: str = ""
    """Names the one whose own key it is: what is known of it is kept apart from all else."""

    def __post_init__(self) -> None:
        if not self.title:
            own = self.provider == "openai" and self.base_url is not None
            title = self.name if own else TITLES.get(self.provider, self.provider)
            object.__setattr__(self, "title", title)


@dataclass(frozen=True, slots=True)
class Member:
    """One model of one account in one tier. The limits are the account's for this model."""

    tier: str
    account: Account
    model: str
    weight: int = 1
    """Its share of the turns beside the other members' weights."""
    rpm: int | None = None
    """Requests a minute."""
    tpm: int | None = None
    """Tokens a minute."""
    rpd: int | None = None
    """Requests a day."""
    rpd_resets: str | None = None
    """The time zone whose midnight begins the day anew; None: the provider's own way."""
    concurrency: int | None = None
    """Answers at the same time."""
    context: int | None = None
    """The most tokens that a question with its history may have."""
    tools: bool = True
    vision: bool = False
    price_in: float = 0.0
    """What a million tokens of a prompt cost, in any unit that all members share."""
    price_out: float = 0.0
    """What a million tokens of an answer cost."""
    price_cached: float | None = None
    """What a million tokens of a prompt cost that the provider had kept; None: as others."""

    @property
    def day_clock(self) -> str | None:
        """The time zone of the provider's day; None: the last 24 hours."""
        if self.rpd_resets is not None:
            return None if self.rpd_resets == ROLLING else self.rpd_resets
        return PACIFIC if self.account.provider == "google" else None

    @property
    def name(self) -> str:
        """The stable name, such as ``groq-main/llama-3.1-8b-instant``."""
        return f"{self.account.name}/{self.model}"

    @property
    def label(self) -> str:
        """The name for people, such as ``Groq · llama-3.1-8b-instant``."""
        if self.account.provider == DEMO:
            return self.account.title
        return f"{self.account.title} · {self.model}"


@dataclass(frozen=True, slots=True)
class PoolConfig:
    """The whole pool, as it was configured."""

    accounts: tuple[Account, ...]
    members: tuple[Member, ...]

    @property
    def tiers(self) -> tuple[str, ...]:
        """The tiers in the order in which they first occur."""
        return tuple(dict.fromkeys(member.tier for member in self.members))

    def members_of(self, tier: str | None) -> tuple[Member, ...]:
        """The members of a tier; of the whole pool for None and for a tier that is no more."""
        found = [member for member in self.members if member.tier == tier] or self.members
        return tuple({member.name: member for member in found}.values())


def read_pool(path: Path | None = None, environ: Mapping[str, str] | None = None) -> PoolConfig:
    """Read the pool from its file or, where there is none, from the keys in the environment.

    Args:
        path: The file; by default the one that the settings name.
        environ: Where the keys are; by default the environment of the process.

    Raises:
        PoolConfigError: the file or the environment has a mistake.
    """
    from chatapp.pool.environment import pool_from_environment

    settled = settings()  # also loads .env, where the keys may be
    path = settled.pool if path is None else path
    environ = os.environ if environ is None else environ
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return pool_from_environment(environ)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise PoolConfigError(f"{path} cannot be read: {reason}.") from None
    return parse_pool(text, path.name, environ)


def parse_pool(text: str, file: str, environ: Mapping[str, str]) -> PoolConfig:
    """Make a pool of the text of its file.

    Args:
        text: TOML with ``[[account]]`` and ``[[member]]`` tables.
        file: The file's name, for messages.
        environ: Where the keys are looked up.

    Raises:
        PoolConfigError: the text has a mistake.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).rpartition(" (at ")
        place = where.rstrip(")").split(",")[0]
        if not place.startswith("line"):
            place = f"line {text.count(chr(10)) + 1}"
        what = what or "something is missing at the end"
        raise PoolConfigError(f"{file}, {place}: this is not valid TOML: {what}.") from None
    found = tables(data, text, file)
    accounts: dict[str, Account] = {}
    for table in found["account"]:
        account = _account(table, environ)
        if account.name in accounts:
            raise table.error("name", f'there is already an account named "{account.name}"')
        accounts[account.name] = account
    members: dict[tuple[str, str], Member] = {}
    for table in found["member"]:
        member = _member(table, accounts)
        key = (member.tier, member.name)
        if key in members:
            raise table.error(None, f'{member.name} is already in tier "{member.tier}"')
        members[key] = member
    if not members:
        raise PoolConfigError(f"{file}, line 1: there is no [[member]], so nobody could answer.")
    return PoolConfig(tuple(accounts.values()), tuple(members.values()))


def _account(table: Table, environ: Mapping[str, str]) -> Account:
    table.only("name", "provider", "api_key_env", "base_url", "title")
    name = table.name("name")
    provider = table.name("provider")
    variable = table.variable("api_key_env", needed=provider != DEMO)
    key = None
    if variable is not None:
        key = environ.get(variable, "").strip()
        if not key:
            raise table.error("api_key_env", f"the environment variable {variable} is not set")
    return Account(
        name=name,
        provider=provider,
        api_key=SecretStr(key) if key else None,
        base_url=table.url("base_url"),
        title=table.text("title", needed=False) or "",
    )


def _member(table: Table, accounts: Mapping[str, Account]) -> Member:
    numbers = ("rpm", "tpm", "rpd", "concurrency", "context")
    prices = ("price_in", "price_out", "price_cached")
    words = ("tier", "account", "model", "weight", "rpd_resets", "tools", "vision")
    table.only(*words, *numbers, *prices)
    tier = table.name("tier")
    name = table.name("account")
    if name not in accounts:
        raise table.error("account", f'there is no account named "{name}"')
    resets = table.text("rpd_resets", needed=False)
    if resets is not None and resets != ROLLING and not known(resets):
        raise table.error(
            "rpd_resets", f'"rpd_resets" must be a time zone like "{PACIFIC}", or "{ROLLING}"'
        )
    return Member(
        tier=tier,
        account=accounts[name],
        model=table.text("model", needed=True) or "",
        weight=table.number("weight") or 1,
        rpd_resets=resets,
        tools=table.flag("tools", default=True),
        vision=table.flag("vision", default=False),
        price_in=table.price("price_in") or 0.0,
        price_out=table.price("price_out") or 0.0,
        price_cached=table.price("price_cached"),
        **{key: table.number(key) for key in numbers},
    )
