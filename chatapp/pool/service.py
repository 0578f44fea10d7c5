"""The pool of this process."""

from functools import cache

from chatapp.pool.check import Checked, check
from chatapp.pool.config import read_pool
from chatapp.pool.model import PooledChatModel
from chatapp.pool.status import MemberStatus


@cache
def pool() -> PooledChatModel:
    """The pooled chat model, made at the first use.

    Raises:
        PoolConfigError: the pool's file or the environment has a mistake.
    """
    return PooledChatModel(config=read_pool())


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
    if pool.cache_info().currsize:
        await pool().aclose()
        pool.cache_clear()
