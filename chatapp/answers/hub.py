"""One subscription per process to what is published, shared by everybody who follows here.

A follower that falls behind loses its queue and is told so (``lagged``); it reads the logs again.
So a slow reader costs a bounded queue and delays nobody.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from chatapp.answers.events import Event
from chatapp.redis import TIMEOUT, redis

logger = logging.getLogger(__name__)

QUEUE = 512
"""The most events that wait for one follower."""

_KEEPALIVE = "hub:keepalive"


class Subscription:
    """What one follower has not read yet."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._ready = asyncio.Event()
        self.lagged = False

    def put(self, event: Event) -> None:
        """Add an event, or note that there were too many."""
        if len(self._events) >= QUEUE:
            self.lag()
        else:
            self._events.append(event)
            self._ready.set()

    def lag(self) -> None:
        """Events were or may have been missed."""
        self._events.clear()
        self.lagged = True
        self._ready.set()

    async def wait(self) -> tuple[list[Event], bool]:
        """Wait for events; all that came, and whether some were missed before them."""
        await self._ready.wait()
        self._ready.clear()
        events, lagged = list(self._events), self.lagged
        self._events.clear()
        self.lagged = False
        return events, lagged


class Hub:
    """The process's one reader of channels."""

    def __init__(self) -> None:
        self._followers: dict[str, set[Subscription]] = {}
        self._confirmed: dict[str, asyncio.Event] = {}
        self._pubsub: PubSub | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read until the context ends."""
        task = asyncio.create_task(self._read_for_ever(), name="hub")
        try:
            yield
        finally:
            # Again, if need be: wait_for, which the embedded Redis uses, may swallow it.
            while not task.done():
                task.cancel()
                await asyncio.wait([task], timeout=0.1)

    @asynccontextmanager
    async def subscribed(self, name: str) -> AsyncIterator[Subscription]:
        """Everything on a channel, from now until the context ends."""
        subscription = Subscription()
        followers = self._followers.setdefault(name, set())
        followers.add(subscription)
        try:
            confirmed = self._confirmed.setdefault(name, asyncio.Event())
            if len(followers) == 1:
                await self._send("subscribe", name)
            # Without Redis one sees what the database has; when it is back, all look again.
            with suppress(TimeoutError):
                async with asyncio.timeout(TIMEOUT):
                    await confirmed.wait()
            yield subscription
        finally:
            followers.discard(subscription)
            if not followers and self._followers.get(name) is followers:
                del self._followers[name]
                self._confirmed.pop(name, None)
                await self._send("unsubscribe", name)

    async def _send(self, command: str, name: str) -> None:
        if self._pubsub is None:
            return
        try:
            await getattr(self._pubsub, command)(name)
        except (RedisError, OSError) as error:
            logger.warning("Redis could not %s: %s", command, type(error).__name__)

    async def _read_for_ever(self) -> None:
        while True:
            try:
                await self._read()
            except (RedisError, OSError) as error:
                logger.warning("The hub lost Redis, trying again: %s", type(error).__name__)
            self._pubsub = None
            await asyncio.sleep(0.5)

    async def _read(self) -> None:
        async with redis().pubsub() as pubsub:
            # Alone at first: two who connect it at once would make two connections.
            await pubsub.subscribe(_KEEPALIVE)
            self._pubsub = pubsub
            if blind := set(self._followers):
                await pubsub.subscribe(*blind)
            while True:
                message = await pubsub.get_message(timeout=20)
                if message is None:
                    await pubsub.ping()
                elif message["type"] == "subscribe":
                    self._see(_name(message), blind)
                elif message["type"] == "message":
                    self._deliver(_name(message), message["data"])

    def _see(self, name: str, blind: set[str]) -> None:
        if confirmed := self._confirmed.get(name):
            confirmed.set()
        if name in blind:
            blind.discard(name)
            for follower in self._followers.get(name, ()):
                follower.lag()

    def _deliver(self, name: str, data: bytes) -> None:
        followers = self._followers.get(name)
        if not followers:
            return
        try:
            event = Event.decode(data)
        except (ValueError, TypeError):
            # Another version of the product may tell more than this one knows.
            logger.warning("An event was not understood")
            return
        for follower in followers:
            follower.put(event)


def _name(message: dict) -> str:
    name = message["channel"]
    return name.decode() if isinstance(name, bytes) else name
