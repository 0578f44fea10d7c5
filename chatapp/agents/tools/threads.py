"""Threads of the tools' own, so that what is slow there delays nothing else."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, TypeVar

R = TypeVar("R")

AT_ONCE = 8


async def aside(function: Callable[..., R], *arguments: Any, **named: Any) -> R:
    """Call a function in a thread."""
    call = partial(function, *arguments, **named)
    return await asyncio.get_running_loop().run_in_executor(_threads(), call)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="tools")
