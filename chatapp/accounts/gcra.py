"""The generic cell rate algorithm on several keys at once, in Redis or, while it is away, here.

A key holds the theoretical arrival time (TAT) of the next try. Redis' own clock counts, and a TAT
is never further ahead than the burst allows, so a clock that jumps locks nobody out.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from redis.exceptions import RedisError

from chatapp.redis import redis, tagged
from chatapp.settings import settings

logger = logging.getLogger(__name__)

T = TypeVar("T")

PREFIX = "chatapp:accounts:"
LOCAL_KEYS = 10_000
PAUSE = 5.0
"""How long, in seconds, Redis is left alone after it failed."""


@dataclass(frozen=True, slots=True)
class Limit:
    """``burst`` tries at once, then one in ``every`` seconds."""

    name: str
    burst: int
    every: float

    @property
    def horizon(self) -> float:
        """How far ahead of the present a TAT may be, in seconds."""
        return self.burst * self.every


_TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local wait, next = 0, {}
for i, key in ipairs(KEYS) do
  local every, horizon = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local tat = tonumber(redis.call('GET', key) or now)
  tat = math.min(math.max(tat, now), now + horizon)
  next[i] = tat + every
  wait = math.max(wait, next[i] - horizon - now)
end
if wait > 0.000001 then return tostring(wait) end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.6f', next[i]), 'PX', math.ceil((next[i] - now) * 1000))
end
return '0'
"""

_GIVE_BACK = """
for i, key in ipairs(KEYS) do
  local tat = redis.call('GET', key)
  if tat then
    redis.call('SET', key, string.format('%.6f', tonumber(tat) - tonumber(ARGV[i])), 'KEEPTTL')
  end
end
"""

_local: OrderedDict[str, float] = OrderedDict()
_quiet_until = 0.0

Wanted = Sequence[tuple[Limit, str]]


def _key(limit: Limit, name: str) -> str:
    return tagged(f"{PREFIX}{limit.name}:{name}")


def _known(name: str) -> str:
    return tagged(f"{PREFIX}known:{name}")


def _take_here(wanted: Wanted) -> float:
    now = time.monotonic()
    following = {
        _key(limit, name): max(_local.get(_key(limit, name), now), now) + limit.every
        for limit, name in wanted
    }
    wait = max(following[_key(limit, name)] - limit.horizon - now for limit, name in wanted)
    if wait > 1e-6:
        return wait
    for key, tat in following.items():
        _local[key] = tat
        _local.move_to_end(key)
    while len(_local) > LOCAL_KEYS:
        _local.popitem(last=False)
    return 0.0


def _give_back_here(wanted: Wanted) -> None:
    for limit, name in wanted:
        if (key := _key(limit, name)) in _local:
            _local[key] -= limit.every


async def _or_here(there: Callable[[], Awaitable[T]], here: Callable[[], T]) -> T:
    """The outcome in Redis, or of this process alone while Redis is away."""
    global _quiet_until  # noqa: PLW0603 - one breaker for the process
    if time.monotonic() < _quiet_until:
        return here()
    try:
        return await there()
    except (RedisError, OSError) as error:
        _quiet_until = time.monotonic() + PAUSE
        logger.warning("Redis is away, sign-in limits are kept here: %s", type(error).__name__)
        return here()


async def _script(source: str, keys: list[str], arguments: list[float]) -> Any:
    client = redis()
    return await cast("Awaitable[Any]", client.eval(source, len(keys), *keys, *arguments))


async def take(wanted: Wanted) -> float:
    """Pay under all limits, or under none.

    Returns:
        0 when it was paid, else the seconds to wait.
    """
    keys = [_key(limit, name) for limit, name in wanted]
    arguments = [number for limit, _ in wanted for number in (limit.every, limit.horizon)]

    async def there() -> float:
        return float(await _script(_TAKE, keys, arguments))

    return await _or_here(there, lambda: _take_here(wanted))


async def give_back(wanted: Wanted) -> None:
    """Undo a payment."""
    keys = [_key(limit, name) for limit, name in wanted]

    async def there() -> None:
        await _script(_GIVE_BACK, keys, [limit.every for limit, _ in wanted])

    await _or_here(there, lambda: _give_back_here(wanted))


async def remember(name: str) -> None:
    """Note something as known for as long as a session lives."""

    async def there() -> None:
        await redis().set(_known(name), 1, ex=settings().session_days * 86_400)

    await _or_here(there, lambda: None)


async def known(name: str) -> bool:
    """Whether something was noted."""

    async def there() -> bool:
        return bool(await redis().exists(_known(name)))

    return await _or_here(there, lambda: False)
