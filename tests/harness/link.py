"""A TCP link that can be disturbed: cut, silenced in one way or both, half closed, or made slow."""

import asyncio
import random
import socket
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from typing import Self

from tests.harness.processes import free_port

CHUNK = 65_536

TAKEN_IN = 65_536
"""How much the system takes in of what a link does not read, in bytes (Linux takes it twice).

By itself it takes more for who has read fast: a megabyte at times, so that nothing would wait.
"""

SLOW = 0.15
"""How long a piece takes on a slow link, in seconds."""

LOST = 0.01
"""The part of the pieces that a slow link loses."""

AGAIN = 0.6
"""After so many more seconds a lost piece comes, and all behind it."""


class Way(StrEnum):
    """How a link is."""

    OPEN = "open"
    CUT = "cut"
    """All connections are reset and new ones are closed at once."""
    SILENT = "silent"
    """Nothing comes through in either way, and nobody is told."""
    DEAF = "deaf"
    """What is asked does not come through; answers do."""
    MUTE = "mute"
    """Answers do not come through; what is asked does."""
    HALF = "half"
    """The side of the server is closed in an orderly way; what is asked goes nowhere."""
    SLOW = "slow"
    """All comes through, late, as over a bad line: 300 ms there and back, and 1% is lost."""


class Link:
    """Stands between a client and a server on loopback."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self._target = port
        self._way = Way.OPEN
        self._opened = asyncio.Event()
        self._opened.set()
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()
        self._choice = random.Random(port)
        self._writers: dict[asyncio.StreamWriter, bool] = {}
        """The ends of all connections; whether it is a client's."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.close()
        self._drop()
        for pipe in self._pipes:
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    @asynccontextmanager
    async def disturbed(self, way: Way, *, late: bool = False) -> AsyncIterator[None]:
        """Let the link be so until the context ends.

        Args:
            way: How it is.
            late: Whether what was held back comes through at the end; else its connections break.
        """
        self._way = way
        self._opened.clear()
        if way is Way.CUT:
            self._drop()
        elif way is Way.HALF:
            for writer, is_client in self._writers.items():
                if is_client and writer.can_write_eof():
                    with suppress(OSError, RuntimeError):
                        writer.write_eof()
        try:
            yield
        finally:
            self._way = Way.OPEN
            self._opened.set()
            if not late:
                self._drop()

    def _drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pipes.add(task)
        self._writers[writer] = True
        there: asyncio.StreamWriter | None = None
        try:
            if self._way is Way.CUT:
                return
            if self._way not in (Way.OPEN, Way.SLOW):
                await self._opened.wait()
            answers, there = await asyncio.open_connection("127.0.0.1", self._target)
            system = there.get_extra_info("socket")
            system.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, TAKEN_IN)
            self._writers[there] = False
            await asyncio.gather(
                self._pipe(reader, there, (Way.SILENT, Way.DEAF, Way.HALF)),
                self._pipe(answers, writer, (Way.SILENT, Way.MUTE, Way.HALF)),
            )
        except (OSError, asyncio.CancelledError):
            pass  # asyncio would report a connection whose task was cancelled
        finally:
            self._pipes.discard(task)
            for end in (writer, there):
                if end is not None:
                    self._writers.pop(end, None)
                    end.transport.abort()

    async def _pipe(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stopped: tuple[Way, ...]
    ) -> None:
        loop, due, under_way = asyncio.get_running_loop(), 0.0, deque[bytes]()
        while data := await reader.read(CHUNK):
            if self._way in stopped:
                await self._opened.wait()
            if self._way is Way.SLOW:
                lost = self._choice.random() < LOST
                due = max(due, loop.time() + SLOW + (AGAIN if lost else 0))
            if under_way or self._way is Way.SLOW:
                under_way.append(data)
                # Whichever is called first, the oldest is the first to arrive.
                loop.call_at(due, lambda: writer.write(under_way.popleft()))
                continue
            writer.write(data)
            await writer.drain()
        while under_way:  # noqa: ASYNC110
            await asyncio.sleep(SLOW)
        # One side is done, so the connection is.
        writer.transport.abort()
        raise ConnectionResetError
