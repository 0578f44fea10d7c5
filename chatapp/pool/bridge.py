"""Synchronous calls of asynchronous code, on one event loop in a thread of its own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextvars import copy_context
from functools import cache
from typing import TypeVar

T = TypeVar("T")


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="pool-bridge", daemon=True).start()
    return loop


def runs_here() -> bool:
    """Whether the running loop is the bridge's."""
    return _loop.cache_info().currsize > 0 and asyncio.get_running_loop() is _loop()


def run(make: Callable[[], Coroutine[None, None, T]]) -> T:
    """Run a coroutine to its end and return what it returns."""
    context = copy_context()
    return asyncio.run_coroutine_threadsafe(context.run(make), _loop()).result()


def iterate(make: Callable[[], AsyncIterator[T]]) -> Iterator[T]:
    """Iterate over an async iterator; it is closed when the caller stops."""
    source = make()
    loop = _loop()
    try:
        while True:
            try:
                yield asyncio.run_coroutine_threadsafe(_next(source), loop).result()
            except StopAsyncIteration:
                return
    finally:
        asyncio.run_coroutine_threadsafe(_close(source), loop).result()


async def _next(source: AsyncIterator[T]) -> T:
    return await anext(source)


async def _close(source: AsyncIterator[T]) -> None:
    close = getattr(source, "aclose", None)
    if close is not None:
        await close()
