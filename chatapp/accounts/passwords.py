"""Hashing passwords: Argon2id in a few threads, so that neither time nor memory runs away."""

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")

SHORTEST = 8
LONGEST = 128
LONGEST_BYTES = 512
"""The most bytes of UTF-8; nothing longer is ever hashed."""

THREADS = 2
"""How many passwords one process hashes at the same time (46 MiB each)."""

WAITING = 50
"""How many may wait for a thread; at about 100 ms each nobody waits longer than 3 s."""


class Busy(Exception):
    """Too many people wait for their password to be checked."""


class TooShort(ValueError):
    """A password below the shortest length."""


class TooLong(ValueError):
    """A password above the longest length."""


@cache
def hasher() -> PasswordHasher:
    """Argon2id with the parameters that OWASP names."""
    return PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1, type=Type.ID)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="password")


@cache
def _nobody() -> str:
    """A hash that no password has, as dear to check as a real one."""
    made = hasher()
    salt, digest = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (made.salt_len, made.hash_len)
    )
    cost = f"m={made.memory_cost},t={made.time_cost},p={made.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


def prepare(password: str, *, new: bool) -> str:
    """The password in the form that is hashed, the same from every keyboard.

    Args:
        password: as it was typed.
        new: whether it is being chosen; an old one may be short, which just makes it wrong.

    Raises:
        TooLong: it is never hashed.
        TooShort: it may not be chosen.
    """
    if len(password) > LONGEST:
        raise TooLong
    prepared = unicodedata.normalize("NFKC", password)
    if len(prepared.encode("utf-8", "surrogatepass")) > LONGEST_BYTES:
        raise TooLong
    if new and len(prepared) < SHORTEST:
        raise TooShort
    return prepared.encode("utf-8", "replace").decode()


_waiting = 0


async def _in_thread(work: Callable[[], T]) -> T:
    global _waiting  # noqa: PLW0603 - one count for the process
    if _waiting >= WAITING + THREADS:
        raise Busy
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads(), work)
    finally:
        _waiting -= 1


def _verify(password_hash: str, password: str) -> bool:
    try:
        return hasher().verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


async def make_hash(password: str) -> str:
    """The hash of a prepared password.

    Raises:
        Busy: too many wait already.
    """
    return await _in_thread(lambda: hasher().hash(password))


async def matches(password_hash: str | None, password: str) -> bool:
    """Whether a prepared password has this hash. With none it takes as long and is false.

    Raises:
        Busy: too many wait already.
    """
    found = await _in_thread(lambda: _verify(password_hash or _nobody(), password))
    return found and password_hash is not None


def outdated(password_hash: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return hasher().check_needs_rehash(password_hash)
