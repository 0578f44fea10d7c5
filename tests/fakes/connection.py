"""HTTP/1.1 on raw streams, so that a fake can break it anywhere."""

import asyncio
import json
import time
from typing import Any

POLL = 0.01


class Gone(Exception):
    """The client has closed the connection."""


class Connection:
    """One client's connection: requests read from it, answers written to it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.split = 0

    def check(self) -> None:
        if self.reader.at_eof() or self.reader.exception() or self.writer.is_closing():
            raise Gone

    async def pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            self.check()
            left = end - time.monotonic()
            if left <= 0:
                return
            await asyncio.sleep(min(POLL, left))

    async def read(self) -> tuple[str, str, dict[str, str], bytes] | None:
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines if line)
        }
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return method, target, headers, body

    async def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = {
            "content-type": "application/json",
            "content-length": str(len(data)),
            **(headers or {}),
        }
        self._head(status, lines)
        self.writer.write(data)
        await self._drain()

    async def begin(self, headers: dict[str, str]) -> None:
        lines = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
        self._head(200, {**lines, "cache-control": "no-cache", **headers})
        await self._drain()

    async def send(self, data: bytes) -> None:
        self.check()
        size = self.split or len(data)
        for start in range(0, len(data), size or 1):
            piece = data[start : start + size]
            self.writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await self._drain()
            if self.split:
                await asyncio.sleep(0)

    async def finish(self) -> None:
        self.writer.write(b"0\r\n\r\n")
        await self._drain()

    def reset(self) -> None:
        self.writer.transport.abort()

    def _head(self, status: int, headers: dict[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} Fake", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
        self.writer.write("\r\n".join(lines).encode("latin-1"))

    async def _drain(self) -> None:
        try:
            await self.writer.drain()
        except ConnectionError:
            raise Gone from None
