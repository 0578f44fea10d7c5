"""Whether this process is about to end: then it takes nothing new, and others go on."""

import asyncio

LAST_EVENTS = 2.0
"""Seconds in which a process that ends finishes what people did before their sockets closed."""

_leaving = asyncio.Event()


def begin() -> None:
    """From now on this process takes nothing new."""
    _leaving.set()


async def told() -> None:
    """Wait until this process is told to end."""
    await _leaving.wait()


def begun() -> bool:
    """Whether this process is about to end."""
    return _leaving.is_set()
