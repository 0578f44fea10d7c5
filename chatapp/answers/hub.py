"""One subscription per process to what is published, shared by everybody who follows here.

A follower that falls behind loses its queue and is told so (``lagged``); it reads the logs again.
So a slow reader costs a bounded queue and delays nobody.

What this process itself has to tell reaches those who follow here directly (:func:`deliver_here`);
when it comes back by Redis it is dropped. While Redis is away the hub is blind for all that others
tell, and when Redis is back everybody looks again.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as Silent

from chatapp.announcements import service as announcements
from chatapp.answers.events import Event, Kind
from chatapp.limits import policy
from chatapp.redis import TIMEOUT, redis
from chatapp.tasks import going_on

logger = logging.getLogger(__name__)

QUEUE = 512
"""The most events that wait for one follower."""

LARGEST = 128 * 1024
"""The most characters of answers in them."""

PING = 0.5
"""After so many silent seconds Redis is asked whether it is there."""

UNHEARD = 1.5
"""After so many, what other processes tell counts as not coming: a word is said of it."""

SILENT = 2.5
"""After so many, the connection counts as lost."""

BLIND = 1.0
"""A loss of Redis that is mended within so many seconds is not worth a word."""

SPREAD = 3.0
"""In how many seconds, at most, all followers look again when Redis is back."""

AT_ONCE = 100
"""So many followers may look again in the same moment."""

ORIGIN = uuid4().hex
"""Names this process in what it tells."""

_ECHO = f'"{ORIGIN}"]'.encode()
"""How an event ends that comes back to the process that has told it."""

_KEEPALIVE = "hub:keepalive"


class Subscription:
    """What one follower has not read yet."""

    def __init__(self, chat_id: UUID | None = None) -> None:
        self.chat_id = chat_id
        """The chat that the follower shows, if it shows one."""
        self._events: deque[Event] = deque()
        self._length = 0
        self._ready = asyncio.Event()
        self.lagged = False
        self.woken = True
        """Whether there may be something else to know: to be unset by who has looked."""

    def put(self, event: Event) -> None:
        """Add an event, or note that there were too many."""
        length = self._length + (len(event.data) if event.kind is Kind.TEXT else 0)
        if self._events and (len(self._events) >= QUEUE or length > LARGEST):
            self.lag()
        else:
            self._length = length
            self._events.append(event)
            self._ready.set()

    def lag(self) -> None:
        """Events were or may have been missed."""
        self._events.clear()
        self._length = 0
        self.lagged = True
        self._ready.set()

    def wake(self) -> None:
        """Nothing came, but there is something to know of the hub."""
        self.woken = True
        self._ready.set()

    async def wait(self, seconds: float | None = None) -> tuple[list[Event], bool]:
        """Wait for events; all that came, and whether some were missed before them.

        After so many seconds without any, some count as missed.
        """
        if not self._ready.is_set():
            clock = asyncio.get_running_loop()
            timer = None if seconds is None else clock.call_later(seconds, self.lag)
            try:
                await self._ready.wait()
            finally:
                if timer is not None:
                    timer.cancel()
        self._ready.clear()
        events, lagged = list(self._events), self.lagged
        self._events.clear()
        self._length = 0
        self.lagged = False
        return events, lagged


class Hub:
    """The process's one reader of channels."""

    def __init__(self) -> None:
        self._followers: dict[str, set[Subscription]] = {}
        self._confirmed: dict[str, asyncio.Event] = {}
        self._pubsub: PubSub | None = None
        self._broken = False
        """Whether something could not be said, so that the connection is made anew."""
        self._lost = False
        self.blind = False
        """Whether what other processes tell has not come for a while."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read until the context ends."""
        async with going_on(self._read_for_ever, "hub"):
            _hubs.add(self)
            try:
                async with announcements.woken(self._wake), policy.woken(self._wake):
                    yield
            finally:
                _hubs.discard(self)

    @asynccontextmanager
    async def subscribed(
        self, name: str, chat_id: UUID | None = None
    ) -> AsyncIterator[Subscription]:
        """Everything on a channel, from now until the context ends.

        Args:
            name: the channel.
            chat_id: the chat that is shown meanwhile.
        """
        subscription = Subscription(chat_id)
        followers = self._followers.setdefault(name, set())
        followers.add(subscription)
        try:
            confirmed = self._confirmed.setdefault(name, asyncio.Event())
            if len(followers) == 1:
                await self._send("subscribe", name)
            # Without Redis one sees what the database has; when it is back, all look again.
            if not self._lost:
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

    def shows(self, name: str, chat_id: UUID) -> bool:
        """Whether somebody who follows a channel in this process has this chat on the screen."""
        return any(each.chat_id == chat_id for each in self._followers.get(name, ()))

    def hears(self, name: str) -> bool:
        """Whether what is published on a channel comes here now."""
        confirmed = self._confirmed.get(name)
        return not self._lost and confirmed is not None and confirmed.is_set()

    async def _send(self, command: str, name: str) -> None:
        if self._pubsub is None:
            return
        try:
            await getattr(self._pubsub, command)(name)
        except (RedisError, OSError) as error:
            logger.warning("Redis could not %s: %s", command, type(error).__name__)
            self._broken = True

    async def _read_for_ever(self) -> None:
        while True:
            try:
                await self._read()
            except (RedisError, OSError) as error:
                logger.warning("The hub lost Redis, trying again: %s", type(error).__name__)
            finally:
                self._pubsub = None
            if not self._lost:
                self._lost = True
                asyncio.get_running_loop().call_later(BLIND, self._go_blind_if_lost)
            await asyncio.sleep(0.5)

    def _go_blind_if_lost(self) -> None:
        if self._lost:
            self._go_blind()

    def _go_blind(self) -> None:
        if not self.blind:
            self.blind = True
            self._wake()

    def _wake(self) -> None:
        for followers in self._followers.values():
            for follower in followers:
                follower.wake()

    async def _read(self) -> None:
        async with redis().pubsub() as pubsub:
            # Alone at first: two who connect it at once would make two connections.
            await pubsub.subscribe(_KEEPALIVE)
            self._pubsub = pubsub
            self._broken = False
            if unseen := set(self._followers):
                await pubsub.subscribe(*unseen)
            silent = 0.0
            while True:
                message = await pubsub.get_message(timeout=PING)
                if self._broken:
                    # The client may have connected again by itself: what came meanwhile is lost.
                    raise Unreachable("Redis could not be told all")
                if message is None:
                    # By waits and not by the clock: one that was too long for want of a processor
                    # is one, and what came in time is read in the next.
                    silent += PING
                    if silent >= UNHEARD:
                        self._go_blind()
                    if silent >= SILENT:
                        raise Silent("Redis says nothing")
                    await pubsub.ping()
                    continue
                silent = 0.0
                self._lost = False
                if self.blind:
                    self.blind = False
                    self._wake()
                if message["type"] == "subscribe":
                    self._see(_name(message), unseen)
                elif message["type"] == "message":
                    self._decode(_name(message), message["data"])

    def _see(self, name: str, unseen: set[str]) -> None:
        if confirmed := self._confirmed.get(name):
            confirmed.set()
        if name in unseen:
            unseen.discard(name)
            for follower in self._followers.get(name, ()):
                if len(self._followers) <= AT_ONCE:
                    follower.lag()
                else:
                    # Not all in one moment: each asks the database.
                    later = random.uniform(0, SPREAD)  # noqa: S311
                    asyncio.get_running_loop().call_later(later, follower.lag)

    def _decode(self, name: str, data: bytes) -> None:
        if name not in self._followers or data.endswith(_ECHO):
            return
        try:
            event = Event.decode(data)
        except (ValueError, TypeError):
            # Another version of the product may tell more than this one knows.
            logger.warning("An event was not understood")
            return
        self.deliver(name, event)

    def deliver(self, name: str, event: Event) -> None:
        """Hand an event to those who follow a channel here."""
        for follower in self._followers.get(name, ()):
            follower.put(event)


_hubs: set[Hub] = set()


def deliver_here(name: str, event: Event) -> None:
    """Tell those who follow in this process what this process has to tell, as others hear it."""
    if event.kind is not Kind.TEXT:
        event = Event.decode(event.encode())
    for hub in _hubs:
        hub.deliver(name, event)


def heard_here(name: str) -> int:
    """How many connections of this process hear what is published on a channel."""
    return sum(hub.hears(name) for hub in _hubs)


def _name(message: dict) -> str:
    name = message["channel"]
    return name.decode() if isinstance(name, bytes) else name
