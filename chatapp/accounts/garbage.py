"""When Python looks for garbage in what tabs hold: when many of them have gone, and not before.

What is not freed at once, because it stands in a circle, is found by a look at everything, and that
takes a second and a half for five thousand open tabs: all answers stand still meanwhile. Python
looks when much was made; most of what a process makes and keeps is of tabs that have opened and are
still there. So what they hold is set aside as they come, which costs nothing, and is looked at when
as many have gone as are worth it. That is seldom: :mod:`chatapp.ui.watching` and
:mod:`chatapp.ui.tabs` see to it that little of a tab stands in circles.
"""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chatapp import leaving
from chatapp.accounts.sockets import Sockets, sockets
from chatapp.tasks import going_on

EVERY = 1.0
"""Seconds between two looks at how many have come and gone."""

CAME = 100
"""What so many new tabs hold is set aside."""

GONE = 500
"""So many tabs must have gone before what they have left is looked for,"""

EACH = 4
"""and so many for each that is open: what waits to be freed is still a small part of the rest."""


class Collector:
    """Sets aside and looks by the tabs that come and go."""

    def __init__(self, tabs: Sockets) -> None:
        self._tabs = tabs
        self._opened, self._closed = tabs.opened, tabs.closed

    def look(self) -> None:
        """Do what is due. Not while the process ends: all tabs go, and so does what they held."""
        tabs = self._tabs
        if leaving.begun():
            return
        if tabs.closed - self._closed >= max(GONE, EACH * tabs.total()):
            self._closed = tabs.closed
            gc.unfreeze()
            gc.collect()
            self._set_aside()
        elif tabs.opened - self._opened >= CAME:
            self._set_aside()

    def _set_aside(self) -> None:
        gc.freeze()
        self._opened = self._tabs.opened


@asynccontextmanager
async def collecting() -> AsyncIterator[None]:
    """Do so until the context ends."""
    async with going_on(_for_ever, "garbage"):
        yield


async def _for_ever() -> None:
    collector = Collector(sockets)
    while True:
        await asyncio.sleep(EVERY)
        collector.look()
