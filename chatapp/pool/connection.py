"""One HTTP/1.1 connection, read only when asked: until then the packets gather in the kernel."""

import asyncio
import re
import ssl
import time
from typing import cast

import httpx

HEAD = 65_536
"""The longest head of a response, in bytes."""

LENGTH = 256
"""The longest line with a chunk's length, in bytes."""

STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d)(?: .*)?")
NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")

Headers = list[tuple[bytes, bytes]]


class Connection(asyncio.Protocol):
    """A connection to a provider."""

    def __init__(self) -> None:
        self.data = bytearray()
        """What has been read and not yet taken."""
        self.ended = False
        self.error: Exception | None = None
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._due = self._late = 0.0
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def transport(self) -> asyncio.Transport:
        """The stream below, once it is connected."""
        if self._transport is None:
            raise httpx.ConnectError("The connection does not stand")
        return self._transport

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has no base class
        self._transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """A read has brought something; the next one waits until it is asked for."""
        self.data += data
        if self._transport is not None and not self.ended:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """The provider has said all."""
        self.ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.ended = True
        self.error = exc
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        """The provider reads slowly."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The provider has read."""
        self._writable.set()

    # What is done with it.

    async def write(self, data: bytes) -> None:
        """Send all of this."""
        self.transport.write(data)
        await self._writable.wait()

    async def more(self, pause: float = 0.0) -> float:
        """Read once, after a pause in seconds.

        Returns:
            By how many seconds the pause was longer, because the process was busy.

        Raises:
            httpx.ReadError: the connection broke.
            httpx.RemoteProtocolError: the provider closed it.
        """
        before = len(self.data)
        if not self.ended:
            loop = asyncio.get_running_loop()
            self._waiting = loop.create_future()
            # One wait for both: all who wait for this answer sleep and wake with it.
            self._due = loop.time() + pause
            timer = loop.call_later(pause, self._resume) if pause else None
            if timer is None:
                self._resume()
            try:
                await self._waiting
            finally:
                self._waiting = None
                if timer:
                    timer.cancel()
        if len(self.data) == before:
            if self.error is not None:
                raise httpx.ReadError(type(self.error).__name__)
            raise httpx.RemoteProtocolError("The connection was closed before the end")
        return self._late

    def _resume(self) -> None:
        self._late = asyncio.get_running_loop().time() - self._due
        if not self.ended and not self.transport.is_closing():
            self.transport.resume_reading()

    async def head(self) -> tuple[int, Headers, bool]:
        """Read a response's head: its status, its headers and whether the connection stays."""
        while True:
            while (end := self.data.find(b"\r\n\r\n")) < 0:
                if len(self.data) > HEAD:
                    raise httpx.RemoteProtocolError("The head is too long")
                await self.more()
            lines = bytes(self.data[:end]).split(b"\r\n")
            del self.data[: end + 4]
            match = STATUS.fullmatch(lines[0])
            if match is None:
                raise httpx.RemoteProtocolError("This is not HTTP/1.1")
            status = int(match[2])
            if status >= 200:
                headers = [_header(line) for line in lines[1:]]
                connection = _value(headers, b"connection").lower()
                stays = match[1] == b"1" and b"close" not in connection
                return status, headers, stays

    def idle(self) -> None:
        """Watch for the provider closing it while nobody uses it."""
        self.idle_since = time.monotonic()
        self.transport.resume_reading()

    @property
    def usable(self) -> bool:
        """Whether nothing has happened to it while it was idle."""
        return not self.ended and not self.data and not self.transport.is_closing()

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class Framing:
    """Tells a body from its frame."""

    def __init__(self, status: int, headers: Headers) -> None:
        self.chunked = b"chunked" in _value(headers, b"transfer-encoding").lower()
        length = _value(headers, b"content-length")
        self.left: int | None = None
        """The bytes of the body (or of the chunk) that are still to come; None: unknown."""
        self.done = False
        self.until_close = False
        self._after_chunk = False
        if status in {204, 304}:
            self.done = True
        elif self.chunked:
            self.left = 0
        elif length:
            if not length.isdigit():
                raise httpx.RemoteProtocolError("The length is no number")
            self.left = int(length)
            self.done = self.left == 0
        else:
            self.until_close = True

    def take(self, data: bytearray) -> bytes:
        """The body in what has arrived; the rest stays."""
        if self.until_close:
            taken = bytes(data)
            data.clear()
            return taken
        if not self.chunked:
            taken = bytes(data[: self.left])
            del data[: self.left]
            self.left = (self.left or 0) - len(taken)
            self.done = self.left == 0
            return taken
        return self._take_chunks(data)

    def _take_chunks(self, data: bytearray) -> bytes:
        parts: list[bytes] = []
        at = 0
        while not self.done:
            if self.left:
                part = bytes(data[at : at + self.left])
                at += len(part)
                parts.append(part)
                self.left -= len(part)
                if self.left:
                    break
                self._after_chunk = True
            found = self._next_chunk(data, at)
            if found is None:
                break
            at = found
        del data[:at]
        return b"".join(parts)

    def _next_chunk(self, data: bytearray, at: int) -> int | None:
        """Read the length of the chunk that begins at a place, and where it goes on from there.

        None: the length has not all arrived.
        """
        start = at
        if self._after_chunk:
            if len(data) >= at + 2 and not data.startswith(b"\r\n", at):
                raise httpx.RemoteProtocolError("A chunk has no end")
            start += 2
        end = data.find(b"\r\n", start, start + LENGTH)
        if end < 0:
            if len(data) >= start + LENGTH:
                raise httpx.RemoteProtocolError("A chunk has no length")
            return None
        match = CHUNK.fullmatch(data, start, end)
        if match is None:
            raise httpx.RemoteProtocolError("A chunk has no length")
        length = int(match[1], 16)
        if length == 0:
            after = _trailers_end(data, end)
            self.done = after is not None
            return after
        self.left, self._after_chunk = length, False
        return end + 2


def _trailers_end(data: bytearray, last_chunk: int) -> int | None:
    """Where what follows the last chunk ends; None: it has not all arrived."""
    end = data.find(b"\r\n\r\n", last_chunk)
    if end < 0:
        if len(data) - last_chunk > HEAD:
            raise httpx.RemoteProtocolError("The trailers are too long")
        return None
    return end + 4


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not NAME.fullmatch(name):
        raise httpx.RemoteProtocolError("A header is malformed")
    return name, value.strip(b" \t")


def _value(headers: Headers, name: bytes) -> bytes:
    return b", ".join(value for key, value in headers if key.lower() == name)


async def connect(host: str, port: int, tls: ssl.SSLContext | None, seconds: float) -> Connection:
    """Open a connection.

    Args:
        host: The name or address of the provider.
        port: Its port.
        tls: The certificates to trust; None: without TLS.
        seconds: In which it must stand.

    Raises:
        httpx.ConnectTimeout: it did not.
        httpx.ConnectError: it was refused.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            _, connection = await loop.create_connection(
                Connection, host, port, ssl=tls, server_hostname=host if tls else None
            )
    except TimeoutError:
        raise httpx.ConnectTimeout("The connection does not stand in time") from None
    except (OSError, ssl.SSLError) as error:
        raise httpx.ConnectError(type(error).__name__) from error
    return connection
