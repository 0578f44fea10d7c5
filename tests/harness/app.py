"""The app as it is served: a process of its own, from the one build."""

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.harness import logs
from tests.harness.backends import Backend
from tests.harness.processes import Process, free_port
from tests.harness.socket import Tab


class AppServer:
    """One process of chatapp."""

    def __init__(self, env: Mapping[str, str], log: Path) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.env = {**env, "HOST": "127.0.0.1", "PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        self.process = Process(
            [sys.executable, "-m", "chatapp", "serve"], log, {**os.environ, **self.env}
        )
        self._allowed: list[str] = []
        self._read = 0

    async def start(self) -> None:
        async with httpx.AsyncClient() as client:

            async def healthy() -> bool:
                try:
                    return (await client.get(f"{self.url}/healthz")).status_code == 200
                except httpx.TransportError:
                    return False

            await self.process.start(healthy)

    async def stop(self) -> None:
        await self.process.stop()

    def tab(self, path: str = "/", **options: Any) -> Tab:
        """A browser tab, not yet connected. See :class:`tests.harness.socket.Tab`."""
        return Tab(self.url, path, **options)

    def client(self) -> httpx.AsyncClient:
        """An HTTP client that keeps its cookies and names its origin, as a browser does."""
        return httpx.AsyncClient(base_url=self.url, headers={"Origin": self.url})

    def allow(self, *patterns: str) -> None:
        """Expect errors in the log of the running test that match these regular expressions."""
        self._allowed.extend(patterns)

    def begin(self) -> None:
        """From here on the log belongs to another test."""
        self._allowed.clear()
        self._read = len(self.process.text)

    def check(self) -> None:
        """Fail when something went wrong in the app that the test did not expect."""
        wrong = logs.errors(self.process.text[self._read :], tuple(self._allowed))
        assert not wrong, "The app logged errors:\n" + "\n".join(wrong)


@asynccontextmanager
async def serving(
    backend: Backend, folder: Path, env: Mapping[str, str]
) -> AsyncIterator[AppServer]:
    """A running app with an installation of its own, whose files are in a folder."""
    server = AppServer({**await backend.fresh(folder), **env}, folder / "app.log")
    await server.start()
    yield server
    await server.stop()
