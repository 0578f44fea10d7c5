"""A gate before the providers: what they say waits behind it for as long as a test looks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Self

from tests.harness.processes import free_port

CHUNK = 65_536


class Gate:
    """Stands between an app and the providers. What is asked of them always comes through."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._word = b""
        self._moved = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The address of all providers, as it is seen from the app."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @asynccontextmanager
    async def closed(self, word: str) -> AsyncIterator[Callable[[str], None]]:
        """Let an answer come up to a word; it, and all behind it, waits until the context ends.

        Yields what lets it come up to a later word.

        Args:
            word: A token as the provider says it, with the space before it. An answer without it
                is not held up.
        """
        self._move(word)
        try:
            yield self._move
        finally:
            self._move("")

    def _move(self, word: str) -> None:
        self._word = f'{word}"'.encode() if word else b""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        there: asyncio.StreamWriter | None = None
        try:
            said, there = await asyncio.open_connection("127.0.0.1", self._target)
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._ask(reader, there))
                ways.create_task(self._say(said, writer))
        except* (OSError, asyncio.CancelledError):
            pass  # asyncio would report a connection whose task was cancelled
        finally:
            self._connections.discard(task)
            for end in (writer, there):
                if end is not None:
                    end.transport.abort()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError  # one side is done, so the connection is

    async def _say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held = b""
        while data := held or await reader.read(CHUNK):
            end = data.find(self._word) if self._word else -1
            passes, held = (data, b"") if end < 0 else (data[:end], data[end:])
            writer.write(passes)
            await writer.drain()
            if held:
                await self._moved.wait()
        raise ConnectionResetError
