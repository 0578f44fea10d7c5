"""The naive Reflex app as it is served, and its tabs."""

import asyncio
import os
import sys
from pathlib import Path

from bench.line import PATIENCE, ROOT, Delta, Line
from bench.subject import Subject, Tab, Turn, differences, message_texts
from tests.fakes import ProviderServer
from tests.harness.processes import Process, accepts, free_port

STATE = f"{ROOT}.bench___naive___app____chat"


class NaiveTab(Tab):
    """A tab of the naive app: whatever changes, all messages come."""

    def __init__(self, port: int, *, deflate: bool) -> None:
        super().__init__()
        self.line = Line(port, self._on_delta, self.on_lost, deflate=deflate)
        self.filled = asyncio.Event()
        self._messages: list[dict[str, str]] = []
        self._before = 0

    def send(self, question: str) -> None:
        self._before = len(self._messages)
        self.line.send(f"{STATE}.ask", {"question": question})

    def _on_delta(self, delta: Delta, at: float) -> None:
        changes = delta.get(STATE, {})
        if "messages_rx_state_" in changes:
            self._messages = changes["messages_rx_state_"]
            self.filled.set()
        if (turn := self.turn) is None:
            return
        if len(self._messages) > self._before + 1 and self._messages[-1]["text"].strip():
            turn.speak(at)
        if changes.get("running_rx_state_") is False and turn.first_at is not None:
            self.turn = None
            turn.end(self._messages[-1]["text"])


class Naive(Subject):
    """A page of Reflex code that streams into its state; no accounts and no database."""

    name = "naive"
    tab_type = NaiveTab

    def __init__(self, provider: ProviderServer, redis_url: str, folder: Path) -> None:
        super().__init__(provider)
        self.redis_url = redis_url
        self._port = free_port()
        env = {
            **os.environ,
            "REDIS_URL": redis_url,
            "PROVIDER_URL": self.provider_url,
            "PORT": str(self._port),
        }
        command = [sys.executable, "-m", "bench.naive"]
        self._process = Process(command, folder / "naive.log", env)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def start(self) -> None:
        await self._process.start(lambda: accepts("127.0.0.1", self._port))

    async def stop(self) -> None:
        await self._process.stop()

    async def open_tab(self, messages: int = 0, *, deflate: bool = True) -> NaiveTab:
        tab = self.tab_type(self._port, deflate=deflate)
        await tab.line.open("/")
        if messages:
            tab.filled.clear()
            tab.line.send(f"{STATE}.fill", {"texts": message_texts(messages)})
            async with asyncio.timeout(PATIENCE):
                await tab.filled.wait()
        return tab

    async def wrong(self, turns: list[Turn], expected: str) -> list[str]:
        return differences(self.name, "on the screen", expected, [turn.shown for turn in turns])
