"""A process that follows another at the same socket, and one that nobody follows."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

import httpx
import pytest

from chatapp.serve import HANDED
from tests.harness.backends import Backend
from tests.harness.processes import Process
from tests.harness.socket import Tab


class Heir(Process):
    """A server that is handed its listener."""

    def __init__(self, listener: socket.socket, log: Path, env: dict[str, str]) -> None:
        self._listener = listener.fileno()
        port = str(listener.getsockname()[1])
        given = {"PORT": port, HANDED: str(self._listener), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "chatapp", "serve"]
        super().__init__(command, log, {**os.environ, **env, **given})

    async def serves(self) -> None:
        async def ready() -> bool:
            return "chatapp is at" in self.text

        await self.start(ready)

    def _spawn(self, output: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[self._listener],
        )


@pytest.fixture
def listener() -> socket.socket:
    """What the supervisor holds."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", 0))
    return bound


@pytest.fixture
async def pair(
    real: Backend, built_pages: None, listener: socket.socket, tmp_path: Path
) -> AsyncIterator[tuple[Heir, Heir]]:
    """Two processes of one installation; the first one serves."""
    env = await real.fresh(tmp_path)
    one, two = (Heir(listener, tmp_path / f"{number}.log", env) for number in range(2))
    try:
        await one.serves()
        yield one, two
    finally:
        listener.close()
        for each in (one, two):
            await each.kill()


async def test_one_makes_way_for_another_and_nobody_is_turned_away(
    listener: socket.socket, pair: tuple[Heir, Heir]
) -> None:
    old, new = pair
    url = f"http://localhost:{listener.getsockname()[1]}"
    changed, counted = asyncio.Event(), 0

    async def visit(client: httpx.AsyncClient) -> None:
        nonlocal counted
        while not changed.is_set():
            assert (await client.get("/readyz", headers={"Connection": "close"})).is_success
            counted += 1

    async with httpx.AsyncClient(base_url=url) as client:
        visiting = [asyncio.create_task(visit(client)) for _ in range(4)]
        await new.serves()
        old.send(signal.SIGUSR1)
        assert await old.ended() == 0
        changed.set()
        await asyncio.gather(*visiting)
        assert counted > 20
        async with Tab(url) as tab:
            await tab.ready()
    assert "Traceback" not in old.text + new.text


async def test_where_nobody_follows_nobody_is_kept_waiting(
    listener: socket.socket, pair: tuple[Heir, Heir]
) -> None:
    pair[0].send(signal.SIGTERM)
    assert await pair[0].ended() == 0
    # We hold the socket still, as the supervisor does.
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(listener.getsockname())
