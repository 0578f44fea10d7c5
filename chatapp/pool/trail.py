"""Who was asked, for callers that see only LangChain's messages, such as agents."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from chatapp.pool.events import Attempt

_trail: ContextVar[list[Attempt] | None] = ContextVar("trail", default=None)


@contextmanager
def attempts() -> Iterator[list[Attempt]]:
    """Gather all attempts of the pool inside of the block, and in the tasks that it starts."""
    gathered: list[Attempt] = []
    token = _trail.set(gathered)
    try:
        yield gathered
    finally:
        _trail.reset(token)


def note(attempt: Attempt) -> None:
    """Add an attempt to the caller's list, if there is one."""
    gathered = _trail.get()
    if gathered is not None:
        gathered.append(attempt)
