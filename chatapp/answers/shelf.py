"""The answers that are kept in Redis. When it is away there are none, and nobody waits for it."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from chatapp.answers.cache import KEPT, Entry, Place, Scope, freshness, key
from chatapp.redis import cache_redis, cache_tagged

logger = logging.getLogger(__name__)

T = TypeVar("T")

REST = 2.0
"""For how many seconds a Redis that did not answer is not asked again."""

GONE = 60
"""For how many seconds an answer that was forgotten is not kept anew, should it be on its way."""

REMEMBERED = 1000
"""Of so many answers it is known what they have saved: of those that saved most."""

BATCH = 500
"""How many answers are looked at in one go when all are."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What one kept answer has saved. Nothing in it tells what was asked or answered."""

    name: str
    """Of its place."""
    by: str
    """The member that gave it, as people read it."""
    at: datetime
    hits: int
    tokens: int

    @property
    def scope(self) -> Scope:
        """Who may be given it."""
        return Scope(self.name.partition(":")[0])


class Shelf:
    """The kept answers, as this process reaches them."""

    def __init__(self, client: Callable[[], Redis] = cache_redis) -> None:
        self._client = client
        self._scripts: dict[str, AsyncScript] = {}
        self._again = 0.0

    async def board(
        self, place: Place, me: bytes, lease: float, gone: bytes = b""
    ) -> tuple[str, bytes] | None:
        """What there is at a place, in one step; None: Redis is away.

        Args:
            place: The place of the request.
            me: Who asks, and leads if there is nothing.
            lease: For how many seconds.
            gone: A leader that is known to lead no more.

        Returns:
            ``hit`` and a kept answer, ``join`` and who leads, or ``lead``.
        """
        keys = [place.key("entry"), place.key("flight")]

        async def ask() -> tuple[str, bytes]:
            what, value = await self._run("board", keys, [me, round(lease * 1000), gone])
            return what.decode(), value

        return await self._reach(ask)

    async def leave(self, place: Place, me: bytes, entry: Entry | None) -> bool:
        """Lead no more, and keep the answer if there is one. Whether it is kept."""
        value = entry.encode() if entry else b""
        keys = [place.key(part) for part in ("entry", "flight", "gone")]
        arguments = [me, value, freshness(), round(KEPT * 1000)]
        return bool(await self._reach(lambda: self._run("leave", keys, arguments)))

    async def renew(self, flights: Iterable[tuple[Place, bytes]], lease: float) -> None:
        """Lead on for so many seconds."""
        pipe = self._client().pipeline(transaction=False)
        for place, me in flights:
            pipe.eval(_text("renew"), 1, place.key("flight"), me, round(lease * 1000))
        await self._reach(pipe.execute)

    async def recall(self, place: Place) -> Entry | None:
        """The answer that is kept, however old."""
        client: Any = self._client()
        raw = await self._reach(lambda: client.hget(place.key("entry"), "value"))
        return Entry.decode(raw) if raw else None

    async def note(self, place: Place, tokens: int) -> None:
        """An answer was given again and saved so many tokens."""
        arguments = [place.name, tokens, REMEMBERED]
        await self._reach(lambda: self._run("note", [_saved(), _hits()], arguments))

    async def forget(self, names: Iterable[str]) -> None:
        """Keep the answers at the places with these names no longer.

        Raises:
            RedisError, OSError: Redis is away: they are still there.
        """
        for name in names:
            pipe = self._client().pipeline(transaction=False)
            pipe.set(key(name, "gone"), b"1", ex=GONE)
            pipe.delete(key(name, "entry"))
            pipe.zrem(_saved(), name)
            pipe.hdel(_hits(), name)
            await pipe.execute()

    async def clear(self, scope: Scope) -> int:
        """Forget all answers of a scope; how many there were.

        Raises:
            RedisError, OSError: Redis is away: some are still there.
        """
        client = self._client()
        every = cache_tagged(f"cache:{scope}:*:entry")
        kept = [name async for name in client.scan_iter(every, count=BATCH)]
        count = 0
        for at in range(0, len(kept), BATCH):
            pipe = client.pipeline(transaction=False)
            for name in kept[at : at + BATCH]:
                pipe.unlink(name)
            count += sum(await pipe.execute())
        pipe = client.pipeline(transaction=False)
        async for name, _ in client.zscan_iter(_saved(), f"{scope}:*", count=BATCH):
            pipe.zrem(_saved(), name)
            pipe.hdel(_hits(), name)
        await pipe.execute()
        return count

    async def best(self, count: int) -> list[Saved]:
        """The kept answers that have saved most tokens, the best first.

        Raises:
            RedisError, OSError: Redis is away.
        """
        client = self._client()
        ranked = await client.zrevrange(_saved(), 0, count - 1, withscores=True)
        pipe = client.pipeline(transaction=False)
        for raw, _ in ranked:
            pipe.hget(key(raw.decode(), "entry"), "value")
            pipe.hget(_hits(), raw)
        replies = iter(await pipe.execute())
        found: list[Saved] = []
        for (raw, tokens), value, hits in zip(ranked, replies, replies, strict=True):
            if value and hits:
                entry = Entry.decode(value)
                found.append(Saved(raw.decode(), entry.by, entry.at, int(hits), int(tokens)))
        return found

    async def _run(self, name: str, keys: list[str], arguments: list[Any]) -> Any:
        client = self._client()
        script = self._scripts.get(name)
        if script is None:
            script = self._scripts[name] = AsyncScript(client, _text(name))
        return await script(keys, arguments, client)

    async def _reach(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """What Redis says; None while it is away."""
        if monotonic() < self._again:
            return None
        try:
            return await ask()
        except (RedisError, OSError) as error:
            logger.warning("Kept answers cannot be reached: %s", type(error).__name__)
            self._again = monotonic() + REST
            return None


def _saved() -> str:
    """How many tokens each place has saved."""
    return cache_tagged("{cache}:saved")


def _hits() -> str:
    """How often each place was given again."""
    return cache_tagged("{cache}:hits")


@cache
def shelf() -> Shelf:
    """The shelf of this process."""
    return Shelf()


@cache
def _text(name: str) -> str:
    return (Path(__file__).parent / "lua" / f"{name}.lua").read_text()
