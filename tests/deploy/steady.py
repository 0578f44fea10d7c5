"""A tab that connects again when its socket closes, as the pages do, and notes what it showed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from socketio.exceptions import ConnectionError as Refused
from socketio.exceptions import SocketIOError

from chatapp.database import new_id
from tests.faults.people import CHATS, ENDED, PATIENCE, Screen

FOREVER = 600.0


class Steady:
    """Watches a screen and keeps it connected."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.returns = 0
        self.shown: list[str] = []

    async def ask(self, text: str) -> None:
        """Ask in this chat. What nobody has confirmed is sent again when the tab is back."""
        tab, form = self.screen.tab, {"message": text, "client_id": str(new_id())}

        def said() -> bool:
            return form["client_id"] in map(self.screen.store.get, ("accepted", "refused"))

        while not said():
            await tab.until(lambda t: t.connected, PATIENCE)
            returns = self.returns
            with suppress(SocketIOError):
                await tab.send(f"{CHATS}.ask", form=form)
            await tab.until(lambda t, before=returns: said() or self.returns > before, PATIENCE)
        assert self.screen.store.get("refused") != form["client_id"], self.screen.store["notice"]

    async def ends(self, count: int = 1) -> str:
        """Wait until so many answers are there and the newest has ended, wherever that is."""
        screen = self.screen
        await screen.tab.until(
            lambda _: len(screen.answers()) == count and screen.status() in ENDED, 3 * PATIENCE
        )
        return screen.status()

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
