"""A Redis that does not answer is left alone for a moment: nobody waits for it one by one."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Self, TypeVar

from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as Silent

T = TypeVar("T")


REST = 0.5
"""For how long, in seconds, a Redis that did not answer is not asked."""


class Elsewhere(Unreachable):
    """Another Redis has what was asked for; whoever asks again is led there."""


class Breaker(Retry):
    """What all connections of a client share: after a failure they fail at once, for a moment.

    Then one task may ask, and the others go on failing at once until it has an answer. redis-py
    runs every command and every connection attempt through its ``Retry``, so this is one; it
    retries nothing.

    Args:
        timeout: Seconds in which there is an answer.
        ends: Whether it fails what takes longer, for connections that do not watch the clock.
    """

    def __init__(self, timeout: float, *, ends: bool = False) -> None:
        super().__init__(NoBackoff(), 0)
        self._timeout = timeout
        self._limit = timeout if ends else None
        self._failing = False
        self._until = 0.0
        self._asks: asyncio.Task[Any] | None = None
        """The task that finds out whether Redis is back."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        """Each connection takes a copy of its ``Retry``; this one is shared."""
        return self

    @property
    def rests(self) -> bool:
        """Whether what is asked now fails at once."""
        return (
            self._failing and monotonic() < self._until and self._asks is not asyncio.current_task()
        )

    async def call_with_retry(self, do: Callable[[], Awaitable[T]], *args: Any, **named: Any) -> T:
        """Do it, unless Redis rests.

        Raises:
            redis.exceptions.ConnectionError, redis.exceptions.TimeoutError: there is no answer.
        """
        if self.rests:
            raise Unreachable("Redis did not answer a moment ago")
        if self._failing:
            self._until, self._asks = monotonic() + self._timeout, asyncio.current_task()
        try:
            async with asyncio.timeout(self._limit):
                answer = await super().call_with_retry(do, *args, **named)
        except TimeoutError:
            self._fail()
            raise Silent("Redis did not answer in time") from None
        except Elsewhere:
            self._recover()
            raise
        except (Unreachable, Silent, OSError):
            self._fail()
            raise
        except RuntimeError as error:
            # What uvloop says of a connection that has been closed meanwhile.
            self._fail()
            raise Unreachable("The connection was closed") from error
        except ResponseError:
            self._recover()
            raise
        # That a connection is there, or that nothing was published for a while, proves nothing.
        if answer is not None:
            self._recover()
        return answer

    def _fail(self) -> None:
        self._failing, self._until, self._asks = True, monotonic() + REST, None

    def _recover(self) -> None:
        self._failing, self._asks = False, None
