"""People's own keys in the pool: members of private accounts, which nobody else is given.

Where a key may go is said by the pool's configuration and the known providers, never by a client.
What is known of a private account, such as its holds, is kept apart from the shared ones.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from pydantic import SecretStr

from chatapp.pool.check import check
from chatapp.pool.config import Account, Member, PoolConfig
from chatapp.pool.environment import PRESETS
from chatapp.pool.errors import Failure
from chatapp.pool.events import Attempt
from chatapp.pool.members import Client, Clients
from chatapp.pool.model import PooledChatModel
from chatapp.pool.service import pool

PROVIDERS = ("groq", "google", "openai")
"""Whose keys people may bring; the last one stands for all that speaks OpenAI's protocol."""

KNOWN = tuple(preset for preset in PRESETS if preset.name in PROVIDERS)

CHECK = 15.0
"""Seconds in which a provider must take a new key."""

IDLE = 600.0
"""Seconds without use after which a client is closed; longer than any answer."""

OWN = "own-"
"""What the names of private accounts begin with."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A provider at which people may have keys of their own."""

    name: str
    """As the pool's file names the account, or the provider's own name."""
    account: Account
    """The shared account at the same place, or one without a key."""
    members: tuple[Member, ...]
    """The models that a key gives, with their tiers."""

    @property
    def title(self) -> str:
        """How people know it."""
        return self.account.title


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """A person's key at a provider."""

    offer: Offer
    id: str
    """Unlike that of any other key, and nothing of the key itself."""
    secret: SecretStr

    @property
    def account(self) -> Account:
        """The account in the pool."""
        return replace(
            self.offer.account,
            name=f"{OWN}{self.offer.name}",
            api_key=self.secret,
            title=f"Your {self.offer.title} key",
            owner=self.id,
        )

    def members(self, tier: str | None) -> tuple[Member, ...]:
        """What it gives in place of a tier; all that it gives if it knows no such tier."""
        config = PoolConfig((self.account,), self.offer.members)
        return tuple(
            replace(member, account=self.account, rpm=None, tpm=None, rpd=None, concurrency=None)
            for member in config.members_of(tier)
        )


def offers() -> dict[str, Offer]:
    """Where people may have keys of their own, by name."""
    config = pool().config
    found: dict[tuple[str, str | None], Offer] = {}
    for account in config.accounts:
        place = (account.provider, account.base_url)
        if account.provider in PROVIDERS and place not in found:
            mine = (m for m in config.members if _at(m.account) == place)
            found[place] = Offer(account.name, account, tuple(mine))
    providers = {provider for provider, _ in found}
    for preset in KNOWN:
        if preset.provider not in providers:
            account = Account(preset.name, preset.provider, base_url=preset.base_url)
            members = (Member(t, account, m, vision=preset.vision) for t, m in preset.models)
            found[(preset.provider, preset.base_url)] = Offer(preset.name, account, tuple(members))
    return {offer.name: offer for offer in found.values() if offer.members}


async def refusal_of(own: OwnAccount) -> Failure | None:
    """Why a provider does not take a key; None: it does. It costs one small request.

    Raises:
        TimeoutError: the provider has not answered in time.
    """
    async with asyncio.timeout(CHECK):
        (checked,) = await check(own.members(None)[:1])
    return checked.failure


def own_pool(accounts: Sequence[OwnAccount], tier: str | None) -> PooledChatModel:
    """A pool of one person's keys alone, in place of a tier. It does not wait when they are held.

    Args:
        accounts: The person's keys, at least one.
        tier: Whose models are wanted.
    """
    # A rotation of its own: that of the tier is everybody's.
    name = f"own-{accounts[0].id}"
    members = tuple(replace(member, tier=name) for own in accounts for member in own.members(tier))
    config = PoolConfig(tuple(own.account for own in accounts), members)
    made = pool().model_copy(update={"config": config, "tier": name, "line_timeout": 0.0})
    made._clients = _clients()
    return made


def key_refused(attempts: Sequence[Attempt], own: OwnAccount) -> bool:
    """Whether one of these attempts shows that the provider does not take a key any more."""
    return any(
        attempt.outcome == "auth"
        and attempt.member.startswith(f"{own.account.name}/")
        # A model that is no more says nothing about the key.
        and not attempt.error.endswith("404")
        for attempt in attempts
    )


async def close_own() -> None:
    """Close the connections that were made with people's own keys."""
    if _clients.cache_info().currsize:
        await _clients().aclose()
        _clients.cache_clear()


class OwnClients(Clients):
    """The clients of people's own keys. There may be many, so those that nobody uses are closed."""

    def __init__(self) -> None:
        super().__init__()
        self._used: dict[tuple[str, Account], float] = {}

    async def get(self, member: Member) -> Client:
        """The client of a member, for the running loop."""
        own = replace(member, account=replace(member.account, name=member.account.owner))
        await self._close_idle()
        self._used[own.name, own.account] = time.monotonic()
        return await super().get(own)

    async def _close_idle(self) -> None:
        now = time.monotonic()
        tasks = self._loops.get(asyncio.get_running_loop(), {})
        for key in [key for key, used in self._used.items() if now - used > IDLE]:
            del self._used[key]
            task = tasks.pop(key, None)
            if task is not None and task.done() and not task.cancelled() and not task.exception():
                await task.result().aclose()


@cache
def _clients() -> OwnClients:
    return OwnClients()


def _at(account: Account) -> tuple[str, str | None]:
    return account.provider, account.base_url
