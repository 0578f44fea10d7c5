"""Who is asked next: shared by all processes through Redis, alone while Redis is away."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from fakeredis import FakeAsyncRedis, FakeServer
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chatapp.pool.config import Member
from chatapp.pool.leases import Ending, Lease, Timing, Wait
from chatapp.pool.ledger import Ledger
from chatapp.redis import redis
from chatapp.tasks import end

T = TypeVar("T")

CALLS = 16
"""How many calls of this process are under way at once."""

PATIENCE = 1.0
"""Seconds in which Redis must answer."""

LAG = 0.02
"""A timer that comes so many seconds late tells of a busy process, not of a slow Redis."""

ROUNDS = 3
"""How often a busy process gives Redis its time again."""

REST = (1.0, 5.0)
"""Seconds, at first and at most, for which a lost Redis is left alone."""

PROCESSES = 4
"""How many processes are assumed to share the limits if Redis has never said."""

LOST = (RedisError, OSError, TimeoutError)

log = logging.getLogger(__name__)


class Admission:
    """Admits attempts to members and settles them. Never fails for Redis' sake.

    While Redis is away each process goes on with its part of the limits, by the same scripts on an
    embedded Redis of its own.
    """

    def __init__(self, client: Callable[[], Redis] = redis, timing: Timing | None = None) -> None:
        self._timing = timing or Timing()
        self._embedded: Redis | None = None
        self._shared = Ledger(client, self._timing, shared=True)
        self._local = Ledger(self._own_redis, self._timing, shared=False)
        self._rest = REST[0]
        self._again = 0.0
        self._lost = False
        self._heard = 0.0
        self._gates: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            WeakKeyDictionary()
        )
        self._leases: dict[str, Lease] = {}
        self._keeper: asyncio.Task[None] | None = None
        self._settling: set[asyncio.Task[None]] = set()

    def _own_redis(self) -> Redis:
        if self._embedded is None:
            self._embedded = FakeAsyncRedis(server=FakeServer())
        return self._embedded

    @property
    def alone(self) -> bool:
        """Whether this process goes on without Redis."""
        return self._lost

    async def admit(
        self, group: str, members: Sequence[Member], tokens: int = 0, prefer: str = ""
    ) -> Lease | Wait:
        """Choose a member and reserve what its answer may use, or tell how long to wait.

        Args:
            group: The name of the rotation: a tier, or empty for the whole pool.
            members: Those who could answer, at least one.
            tokens: The tokens of the prompt, estimated.
            prefer: The name of the member that is asked if it can be, whoever has the turn.
        """
        # The reservation is made even if the one who asks leaves meanwhile: then it is given back.
        asked = asyncio.ensure_future(self._admit(group, members, tokens, prefer))
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            asked.add_done_callback(self._give_back)
            raise

    async def _admit(
        self, group: str, members: Sequence[Member], tokens: int, prefer: str
    ) -> Lease | Wait:
        reply = await self._ask(lambda: self._shared.admit(group, members, tokens, prefer))
        if reply is None:
            share = self._shared.processes or PROCESSES
            reply = await self._local.admit(group, members, tokens, prefer, share)
        if isinstance(reply, Lease):
            self._leases[reply.id] = reply
        return reply

    async def settle(self, lease: Lease, ending: Ending) -> None:
        """Give back a lease and learn from its end. It is done even if the caller is cancelled."""
        self._leases.pop(lease.id, None)
        task = asyncio.ensure_future(self._settle(lease, ending))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        await asyncio.shield(task)

    async def _settle(self, lease: Lease, ending: Ending) -> None:
        async def shared() -> bool:
            await self._shared.settle(lease, ending)
            return True

        done = await self._ask(shared) if lease.shared else None
        # What speaks against a member must be known here as well, should Redis be lost.
        against = ending.outcome in {"rate", "auth", "fail"}
        if not lease.shared or against:
            await self._local.settle(lease, ending)
        if not lease.shared and against and not self._lost:
            done = await self._ask(shared)
        if done is None and lease.shared:
            log.debug("The lease on %s is left to run out", lease.member.name)

    async def proved(self, lease: Lease) -> None:
        """A probe's member has begun to answer: it is back for everyone."""
        await self._live(lease.shared, [lease], proved=True)

    async def status(self, members: Sequence[Member]) -> list[Any]:
        """What is known of members, as the script returns it."""
        found = await self._ask(lambda: self._shared.status(members))
        return found if found is not None else await self._local.status(members)

    @asynccontextmanager
    async def holding(self, lease: Lease) -> AsyncIterator[None]:
        """Keep all leases of this process alive at least as long as this one is in use."""
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep(), name="keep the pool's leases")
        try:
            yield
        finally:
            self._leases.pop(lease.id, None)

    async def aclose(self) -> None:
        """End what still runs in the running loop."""
        keeper, loop = self._keeper, asyncio.get_running_loop()
        if keeper is not None and keeper.get_loop() is loop:
            await end(keeper)
            self._keeper = None
        if mine := [task for task in self._settling if task.get_loop() is loop]:
            await asyncio.wait(mine)
        await self._shared.aclose()
        await self._local.aclose()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._timing.lease / 3000)
            for shared in (True, False):
                held = [lease for lease in self._leases.values() if lease.shared is shared]
                await self._live(shared, held)

    async def _live(self, shared: bool, leases: list[Lease], *, proved: bool = False) -> None:
        async def live() -> bool:
            await (self._shared if shared else self._local).live(leases, proved=proved)
            return True

        if not leases:
            return
        if shared:
            await self._ask(live)
        else:
            await live()

    async def _ask(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """Ask Redis; None if it is away."""
        now, trying = time.monotonic(), False
        if self._lost:
            if now < self._again:
                return None
            self._again = now + self._rest  # one asks, the others go on without
            trying = True
        try:
            async with self._places(), self._patience():
                if self._lost and not trying:
                    return None
                found = await call()
        except LOST as error:
            if not self._lost:
                log.warning("Redis is away (%s): the pool goes on alone", type(error).__name__)
            self._rest = min(REST[1], self._rest * 2) if self._lost else REST[0]
            self._again = time.monotonic() + self._rest
            self._lost = True
            return None
        self._heard = time.monotonic()
        if self._lost:
            log.warning("Redis is back: the pool's state is shared again")
            self._lost = False
        return found

    def _places(self) -> asyncio.Semaphore:
        """So many calls at once; the others' time has not begun yet."""
        return self._gates.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(CALLS))

    @asynccontextmanager
    async def _patience(self) -> AsyncIterator[None]:
        """Give Redis :data:`PATIENCE`, and more when this process is late or others hear of it."""
        loop, rounds = asyncio.get_running_loop(), ROUNDS
        due = loop.time() + PATIENCE

        def late() -> None:
            nonlocal due, timer, rounds
            now = loop.time()
            rounds -= 1
            busy = now - due > LAG or time.monotonic() - self._heard < PATIENCE
            if busy and rounds > 0:
                due = now + PATIENCE
                timer = loop.call_at(due, late)
            else:
                limit.reschedule(now)

        async with asyncio.timeout(None) as limit:
            timer = loop.call_at(due, late)
            try:
                yield
            finally:
                timer.cancel()

    def _give_back(self, asked: "asyncio.Future[Lease | Wait]") -> None:
        if asked.cancelled() or asked.exception() is not None:
            return
        reply = asked.result()
        if isinstance(reply, Lease):
            task = asyncio.ensure_future(self.settle(reply, Ending(None)))
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)
