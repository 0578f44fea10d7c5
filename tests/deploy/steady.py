"""A tab that connects again when its socket closes, as the pages do, and notes what it showed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from socketio.exceptions import ConnectionError as Refused

from tests.faults.people import Screen

FOREVER = 600.0


class Steady:
    """Watches a screen and keeps it connected."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.returns = 0
        self.shown: list[str] = []

    async def _return(self) -> None:
        tab = self.screen.tab
        while True:
            await tab.until(lambda t: not t.connected, FOREVER)
            self.returns += 1
            failed = 0
            while not tab.connected:
                await tab.close()
                try:
                    await tab.connect()
                except Refused:
                    failed = min(failed + 1, 10)
                    await asyncio.sleep(0.2 * failed)

    async def _watch(self) -> None:
        tab = self.screen.tab
        while True:
            seen = len(tab.updates)
            text = self.screen.text()
            if not self.shown or text != self.shown[-1]:
                self.shown.append(text)
            await tab.until(lambda t, seen=seen: len(t.updates) > seen, FOREVER)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator["Steady"]:
        """Until the context ends; then the tab is closed."""
        tasks = [asyncio.create_task(each) for each in (self._return(), self._watch())]
        try:
            yield self
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.screen.close()
