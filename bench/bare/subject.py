"""The bare relay as it is served, and its tabs."""

import asyncio
import os
import sys
import time
from pathlib import Path

import aiohttp

from bench.growing import Grows
from bench.load import words
from bench.subject import Subject, Tab, Turn
from tests.fakes import ProviderServer
from tests.harness.processes import Process, accepts, free_port


class BareTab(Grows, Tab):
    """A websocket to the bare relay."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        super().__init__()
        self._socket = socket
        self._reader = asyncio.create_task(self._read())
        self._sending: set[asyncio.Task[None]] = set()

    def send(self, question: str) -> None:
        task = asyncio.create_task(self._socket.send_str(question))
        self._sending.add(task)

    async def _read(self) -> None:
        text = ""
        async for message in self._socket:
            at = time.monotonic()
            text += message.data
            if self.turn is None:
                continue
            self.growth.note(at, words.tokens_of(len(text.rstrip("\0"))))
            self.turn.speak(at)
            if text.endswith("\0"):
                turn, self.turn = self.turn, None
                turn.end(text[:-1])
                text = ""

    async def close(self) -> None:
        await self._socket.close()
        await self._reader


class Bare(Subject):
    """The limit: nothing but the words."""

    name = "bare"

    def __init__(self, provider: ProviderServer, folder: Path) -> None:
        super().__init__(provider)
        self._port = free_port()
        env = {
            **os.environ,
            "PROVIDER_URL": f"{self.provider_url}/v1/chat/completions",
            "PORT": str(self._port),
        }
        self._process = Process([sys.executable, "-m", "bench.bare"], folder / "bare.log", env)
        self._session: aiohttp.ClientSession | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def start(self) -> None:
        await self._process.start(lambda: accepts("127.0.0.1", self._port))
        self._session = aiohttp.ClientSession()

    async def stop(self) -> None:
        if self._session:
            await self._session.close()
        await self._process.stop()

    async def open_tab(self, messages: int = 0, *, deflate: bool = True) -> BareTab:
        assert self._session is not None
        return BareTab(
            await self._session.ws_connect(f"http://127.0.0.1:{self._port}/", compress=15)
        )

    async def wrong(self, turns: list[Turn], expected: str) -> list[str]:
        return []
