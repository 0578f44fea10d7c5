"""How many pages of signed-in people open at the same time.

A page that opens costs more than all that follows. When more come than a process can serve, after a
crash or in a rush, those beyond a number wait outside, in order and for nothing; else all of them
would be served at once, all too late, and all would come again.
"""

import asyncio

from chatapp.ui.store import Store

AT_ONCE = 24
"""So many pages open at once in a process: enough for its core, and not all of its connections to
the database, which questions need as well."""

PATIENCE = 10.0
"""How long, in seconds, a page waits for its turn; then it is refused, and comes again later."""

LONGEST = 3.0
"""After so many seconds a page counts as open, whatever it was sent."""

SHOWN = f'"{Store.get_full_name()}":{{"'
"""What stands in the first message that shows something on the page: all before it costs little."""

_places = asyncio.Semaphore(AT_ONCE)


class Opening:
    """One page that opens."""

    def __init__(self) -> None:
        self._late: asyncio.TimerHandle | None = None

    async def enter(self) -> bool:
        """Wait for a place. False: there was none for too long."""
        try:
            async with asyncio.timeout(PATIENCE):
                await _places.acquire()
        except TimeoutError:
            return False
        self._late = asyncio.get_running_loop().call_later(LONGEST, self.leave)
        return True

    def sent(self, message: str) -> None:
        """The page was sent a message."""
        if self._late and SHOWN in message:
            self.leave()

    def leave(self) -> None:
        """Give the place to the next one."""
        if self._late:
            self._late.cancel()
            self._late = None
            _places.release()
