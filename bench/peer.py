"""An app on Chainlit as it is served, and its tabs."""

import asyncio
import os
import time
import uuid
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from bench.environment import python_with
from bench.subject import PATIENCE, Subject, Tab, Turn, differences
from chatapp.settings import PROJECT
from tests.fakes import ProviderServer
from tests.harness.processes import Process, accepts, free_port

RELEASE = "2.12.0"


class ChainlitTab(Tab):
    """A tab of the app, as its own page speaks: Socket.IO over a websocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        super().__init__()
        self._socket = socket
        self._text = ""
        self._ready = asyncio.Event()
        self._reader = asyncio.create_task(self._read())
        self._sending: set[asyncio.Task[None]] = set()

    async def ready(self) -> None:
        """Wait until questions are taken."""
        async with asyncio.timeout(PATIENCE):
            await self._ready.wait()

    def send(self, question: str) -> None:
        self._text = ""
        message = {
            "id": str(uuid.uuid4()),
            "threadId": "",
            "name": "User",
            "type": "user_message",
            "output": question,
            "createdAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        self._emit("client_message", {"message": message, "fileReferences": []})

    def shows(self, text: str, at: float) -> None:
        """The answer is so on the screen from a moment on."""
        if text and self.turn is not None:
            self.turn.speak(at)

    def _emit(self, *event: Any) -> None:
        self._say("42" + orjson.dumps(event).decode())

    def _say(self, message: str) -> None:
        task = asyncio.create_task(self._socket.send_str(message))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _read(self) -> None:
        async for frame in self._socket:
            message, at = str(frame.data), time.monotonic()
            if message.startswith("42"):
                name, data = orjson.loads(message[2:])
                self._take(name, data, at)
            elif message.startswith("40"):
                self._emit("connection_successful")
            elif message.startswith("0"):
                auth = {"sessionId": str(uuid.uuid4()), "clientType": "webapp", "userEnv": "{}"}
                self._say("40" + orjson.dumps(auth).decode())
            elif message == "2":
                self._say("3")
        self.on_lost(ConnectionError("The connection was closed."))

    def _take(self, name: str, data: Any, at: float) -> None:
        match name:
            case "clear_call_fn":
                self._ready.set()
            case "stream_token":
                self._text = data["token"] if data["isSequence"] else self._text + data["token"]
                self.shows(self._text, at)
            case "stream_start" | "update_message" if data["type"] == "assistant_message":
                self._text = data["output"]
                self.shows(self._text, at)
            case "task_end" if self.turn is not None:
                turn, self.turn = self.turn, None
                turn.end(self._text)
            case _:
                pass

    async def close(self) -> None:
        self.turn = None
        await self._socket.close()
        await self._reader


class Chainlit(Subject):
    """Chainlit as its own command serves it; no accounts and no database."""

    name = "chainlit"
    tab_type = ChainlitTab

    def __init__(self, provider: ProviderServer, folder: Path, python: Path) -> None:
        super().__init__(provider)
        self._port = free_port()
        env = {
            **os.environ,
            "PROVIDER_URL": f"{self.provider_url}/v1/chat/completions",
            "CHAINLIT_APP_ROOT": str(folder / "chainlit"),
            "CHAINLIT_HOST": "127.0.0.1",
            "CHAINLIT_PORT": str(self._port),
        }
        (folder / "chainlit").mkdir()
        app = PROJECT / "bench" / "with_chainlit" / "app.py"
        command = [python, "-m", "chainlit", "run", str(app), "--headless"]
        self._process = Process(command, folder / "chainlit.log", env)
        self._session: aiohttp.ClientSession | None = None

    @staticmethod
    async def python() -> Path | None:
        """That of its environment, made at the first use; None: it cannot be made."""
        return await asyncio.to_thread(python_with, "chainlit", RELEASE, "aiohttp")

    @property
    def pid(self) -> int:
        return self._process.pid

    async def start(self) -> None:
        await self._process.start(lambda: accepts("127.0.0.1", self._port))
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def stop(self) -> None:
        if self._session:
            await self._session.close()
        await self._process.stop()

    async def open_tab(self, messages: int = 0, *, deflate: bool = True) -> ChainlitTab:
        assert self._session is not None
        url = f"http://127.0.0.1:{self._port}/ws/socket.io/?EIO=4&transport=websocket"
        tab = self.tab_type(await self._session.ws_connect(url, compress=15 if deflate else 0))
        await tab.ready()
        return tab

    async def wrong(self, turns: list[Turn], expected: str) -> list[str]:
        return differences(self.name, "on the screen", expected, [turn.shown for turn in turns])
