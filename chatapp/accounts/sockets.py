"""The open sockets of this process, by session, so that they can be closed and counted."""

import asyncio
import logging
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

logger = logging.getLogger(__name__)

PER_SESSION = 50
"""The most open sockets (tabs) of one session in one process."""

PER_ADDRESS = 200
"""The most open sockets of signed-out visitors from one address in one process."""

ENDED = 1_000
"""How many ended sessions are remembered."""

APART = 0.03
"""Seconds between two sockets that are sent away: a third of what a core takes in of them.

The rest is for the words of those who are there.
"""

LONGEST = 60.0
"""Seconds in which all sockets of a process have been sent away, however many they are."""

FAREWELL = 2.0
"""Seconds for which the closing of a socket waits for its reader."""

SIGNED_OUT = 4401
"""The code with which a socket is closed when its session ends."""

LEAVING = 1012
"""The code with which a socket is closed when its process ends (RFC 6455's registry)."""

Close = Callable[[int], Awaitable[None]]


class Sockets:
    """A registry of open sockets. A key is a session's id, or the address of a visitor."""

    def __init__(self) -> None:
        self._open: dict[UUID | str, set[Close]] = defaultdict(set)
        self._people: dict[UUID | str, UUID] = {}
        """Whose session a key is."""
        self._ended: OrderedDict[UUID, None] = OrderedDict()
        self.opened = self.closed = 0
        """How many there have been, and how many of them are no more."""

    def add(self, key: UUID | str, close: Close, person: UUID | None = None) -> bool:
        """Register a socket, unless there are too many, or its session ended meanwhile."""
        if key in self._ended:
            return False
        limit = PER_SESSION if isinstance(key, UUID) else PER_ADDRESS
        if key in self._open and len(self._open[key]) >= limit:
            return False
        self._open[key].add(close)
        if person:
            self._people[key] = person
        self.opened += 1
        return True

    def remove(self, key: UUID | str, close: Close) -> None:
        """Forget a socket that is closed."""
        if close in self._open.get(key, ()):
            self.closed += 1
            self._open[key].discard(close)
            if not self._open[key]:
                del self._open[key]
                self._people.pop(key, None)

    def sessions(self) -> list[UUID]:
        """The sessions that have sockets open."""
        return [key for key in self._open if isinstance(key, UUID)]

    def people(self) -> set[UUID]:
        """Who has sockets open."""
        return set(self._people.values())

    def total(self) -> int:
        """How many sockets are open."""
        return sum(len(each) for each in self._open.values())

    def has_ended(self, session_id: UUID) -> bool:
        """Whether this session is known to have ended."""
        return session_id in self._ended

    def count(self, key: UUID | str) -> int:
        """How many sockets are open under a key."""
        return len(self._open[key]) if key in self._open else 0

    async def close(self, sessions: Iterable[UUID]) -> None:
        """Close all sockets of these sessions, which do not come back."""
        closing: list[Close] = []
        for key in sessions:
            self._ended[key] = None
            if len(self._ended) > ENDED:
                self._ended.popitem(last=False)
            closing += self._open.get(key, ())
        await asyncio.gather(*(_close(close, SIGNED_OUT) for close in closing))

    async def send_away(self) -> None:
        """Close all sockets, one after the other, so that they come back to others spread out."""
        everyone = [(key, close) for key, keyed in self._open.items() for close in keyed]
        apart = min(APART, LONGEST / len(everyone)) if everyone else APART
        # By the clock: a busy process sleeps longer than it wants to, and must not fall behind.
        clock = asyncio.get_running_loop().time
        due = clock()
        async with asyncio.TaskGroup() as group:
            for key, close in everyone:
                if close not in self._open.get(key, ()):
                    continue  # It has gone by itself.
                group.create_task(_close(close, LEAVING))
                due += apart
                if (wait := due - clock()) > 0:
                    await asyncio.sleep(wait)


async def _close(close: Close, code: int) -> None:
    try:
        async with asyncio.timeout(FAREWELL):
            await close(code)
    except TimeoutError:
        # It takes nothing in, is sent nothing more, and is cut: see chatapp.serve.
        return
    except Exception:
        logger.exception("A socket could not be closed")


sockets = Sockets()
"""The sockets of this process."""
