"""Tabs that come and go in every way, and what is left of them."""

import asyncio
import json
import random
import signal
import sys
from contextlib import suppress
from pathlib import Path

from socketio.exceptions import SocketIOError

from tests.browser.rows import Person, Rows
from tests.faults.people import CHATS, STORE
from tests.harness.app import AppServer
from tests.harness.processes import Process

SETTLES = 60.0
"""After so many seconds nothing is left of a tab that has gone."""

AT_ONCE = 10

KEEPERS = 10
"""Tasks that begin at the first use of something and stay."""


RETURNS = ("tabs", "states", "followers", "channels")
"""Of these there is no more afterwards than before."""


def is_back(held: dict[str, int], alone: dict[str, int]) -> bool:
    """Whether there is no more of anything than before there was any tab."""
    gone = all(held[name] <= alone[name] for name in RETURNS)
    return gone and held["tasks"] <= alone["tasks"] + KEEPERS


class Counted:
    """A server that says what it holds."""

    def __init__(
        self,
        env: dict[str, str],
        folder: Path,
        heartbeat: int = 3,
        silence: int = 120,
        stuck: int = 10,
    ) -> None:
        # In seconds: how long a tab's state outlives its last event, how often its socket is asked
        # whether it is there, how long it may take to say so, or to take something in.
        soon = {
            "REFLEX_REDIS_TOKEN_EXPIRATION": "1",
            "REFLEX_SOCKET_INTERVAL": str(heartbeat),
            "REFLEX_SOCKET_TIMEOUT": str(silence),
        }
        env = {**env, **soon}
        self.server = AppServer(env, folder / "counted.log")
        self._file = folder / "holds.json"
        command = [sys.executable, "-m", "tests.faults.counted", self._file, str(stuck)]
        self.server.process = Process(command, folder / "counted.log", self.server.process.env)

    async def holds(self) -> dict[str, int]:
        """What it holds now."""
        self._file.unlink(missing_ok=True)
        self.server.process.send(signal.SIGUSR2)
        text = ""
        async with asyncio.timeout(SETTLES):
            while not text:
                await asyncio.sleep(0.02)
                text = self._file.read_text() if self._file.exists() else ""
        return json.loads(text)

    @property
    def resident(self) -> int:
        """The memory that it has, in bytes."""
        return int(Path(f"/proc/{self.server.process.pid}/statm").read_text().split()[1]) * 4096

    async def has(self, **wanted: int) -> None:
        """Wait until it holds just so much."""
        held: dict[str, int] = {}
        try:
            async with asyncio.timeout(SETTLES):
                while not wanted.items() <= held.items():
                    held = await self.holds()
        except TimeoutError:
            raise AssertionError(f"It holds {held}") from None

    async def settled(self, alone: dict[str, int]) -> dict[str, int]:
        """What it holds when nothing of any tab is left, or in the end.

        Args:
            alone: What it held when there was no tab yet.
        """
        held = await self.holds()
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLES):
                while not is_back(held, alone):
                    await asyncio.sleep(0.5)
                    held = await self.holds()
        return held

    async def come_and_go(self, count: int, seed: int = 1) -> None:
        """So many tabs, some at a time, which leave in all the ways that there are."""
        choice, rows = random.Random(seed), Rows(self.server.env)
        people = [await rows.person() for _ in range(AT_ONCE)]
        numbers = iter(range(count))

        async def sit(person: Person) -> None:
            for _ in numbers:
                await self._visit(person, choice)

        await asyncio.gather(*(sit(person) for person in people))

    async def _visit(self, person: Person, choice: random.Random) -> None:
        tab = self.server.tab("/", cookie=f"chatapp_session={person.token}")
        with suppress(SocketIOError, OSError):
            await tab.connect()
            way = choice.choice(["at once", "shown", "navigated", "asked", "lost"])
            if way != "at once":
                await tab.until(lambda tab: STORE in tab.state and tab.state[STORE])
            if way == "navigated":
                await tab.go("/settings")
            elif way == "asked":
                form = {"message": "[[say 5 words]]", "client_id": ""}
                await tab.send(f"{CHATS}.ask", form=form)
            elif way == "lost":
                await tab.drop()
        await tab.close()
