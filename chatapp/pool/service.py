"""The pool of this process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from chatapp.pool.changes import CHANGES, FEEDS, PoolChanges, changed, weighed
from chatapp.pool.check import Checked, check
from chatapp.pool.config import PoolConfig, read_pool
from chatapp.pool.model import PooledChatModel
from chatapp.pool.status import MemberStatus


@dataclass(slots=True)
class _Made:
    """The pool as it was made, of what was said and of what admins have changed of it."""

    said: PoolConfig
    model: PooledChatModel
    changes: PoolChanges | None = None
    feeds: bool = False
    factors: Mapping[str, float] = field(default_factory=dict)
    """What weights are multiplied by, by the members' names."""


@cache
def _made() -> _Made:
    said = read_pool()
    return _Made(said, PooledChatModel(config=said))


def pool() -> PooledChatModel:
    """The pooled chat model, made at the first use, as admins have changed it.

    Raises:
        PoolConfigError: the pool's file or the environment has a mistake.
    """
    made, changes, feeds = _made(), CHANGES.value, FEEDS.value
    if made.changes is not changes or made.feeds is not feeds:
        if made.changes != changes or made.feeds is not feeds:
            _remake(made, changes, feeds)
        made.changes, made.feeds = changes, feeds
    return made.model


def _remake(made: _Made, changes: PoolChanges, feeds: bool) -> None:
    config = weighed(_with_changes(made.said, changes), made.factors if feeds else {})
    # The clients and the books stay; what is being answered goes on as it began.
    made.model = made.model.model_copy(update={"config": config})


def _with_changes(said: PoolConfig, changes: PoolChanges) -> PoolConfig:
    config = changed(said, changes)
    return config if config.members else said


def weigh(factors: Mapping[str, float]) -> None:
    """Multiply the weights of members, by their names, when quality feeds them."""
    made = _made()
    if made.factors != factors:
        made.factors = dict(factors)
        _remake(made, CHANGES.value, FEEDS.value)


def said_and_changed() -> PoolConfig:
    """The pool as admins have changed it, with the weights that were said."""
    return _with_changes(_made().said, CHANGES.value)


def said() -> PoolConfig:
    """The pool as its file or the environment says, without what admins have changed."""
    return _made().said


def tiers() -> tuple[str, ...]:
    """The tiers that a user may pick from, in the configured order."""
    return pool().config.tiers


def smaller_tiers(tier: str) -> tuple[str, ...]:
    """The tiers with smaller models than one's own: those before it in the file."""
    known = tiers()
    return known[: known.index(tier)] if tier in known else ()


async def status() -> list[MemberStatus]:
    """How each member is: cheap, and the same in every process."""
    return await pool().status()


def alone() -> bool:
    """Whether this process goes on without Redis, so that it knows its own part only."""
    return pool().alone


async def test(name: str) -> Checked | None:
    """Ask one member for a word, whatever its state is. None: there is no such member.

    It spends a request of the provider's quota.
    """
    members = [member for member in pool().config.members_of(None) if member.name == name]
    return (await check(members))[0] if members else None


async def open_pool() -> None:
    """Read the configuration and build the clients, so that the first question need not wait.

    Raises:
        PoolConfigError: the pool's file or the environment has a mistake.
    """
    await pool().open()


async def close_pool() -> None:
    """Close all connections to providers."""
    if _made.cache_info().currsize:
        await _made().model.aclose()
        _made.cache_clear()
