"""The HTTP transport below the providers' SDKs: no proxies, no retries, closed when told to.

It reads a stream at most once in a window, so that what a token costs below the pool is hardly more
than its bytes. The SDKs leave it to the garbage collector to close a response that nobody reads any
more; the transport notes every response that a call opens, so that the caller closes them at once.
"""

import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache

import httpx

from chatapp.pool.connection import Connection, Framing, Headers, connect
from chatapp.pool.sse import Joiner

CONNECT = 5.0
"""Seconds in which a connection must stand. Silence after that is the pool's to judge."""

TIMEOUT = httpx.Timeout(None, connect=CONNECT)

IDLE = (50, 30.0)
"""How many unused connections are kept, and for how many seconds."""

WINDOW = 0.05
"""Seconds for which words gather at least, after the first ones; 0 switches it off."""

WIDE = 0.36
"""Seconds for which they gather at most because there are many streams,"""

WIDEST = 0.6
"""and because the process is busy: better a little late all the time than very late for a while."""

EACH = 0.00125
"""Seconds of the window for each stream that is read."""

MANY = 100
"""From so many streams on the window grows faster than their number: what the words leave of a core
is needed for questions."""

BUSY = 4
"""How much of the time by which a busy process wakes up late the window is wider."""

PLENTY = 16_384
"""Bytes that have come at once after which nothing more is waited for: they are many words."""

_SMOOTH = 1 / 32
"""How much each lateness counts beside all before it."""

HEAVY = (2.5, 0.5)
"""How much wider the window is, and the seconds it has at most, when an SDK makes its objects of
what comes."""

_opened: ContextVar["list[Response] | None"] = ContextVar("opened", default=None)


@contextmanager
def noting(responses: "list[Response]") -> Iterator[None]:
    """Have all responses that are opened inside of the block added to the list."""
    token = _opened.set(responses)
    try:
        yield
    finally:
        _opened.reset(token)


@dataclass(slots=True)
class Pace:
    """How a stream is read. A request brings its own as the extension ``pace``."""

    speaking: bool = False
    """Whether there has been a word, so that the next ones may gather."""


class Response(httpx.AsyncByteStream):
    """A response's body, which can be closed from outside."""

    open = 0
    """How many streams are being read."""
    late = 0.0
    """By how many seconds they have woken up late lately."""

    def __init__(
        self, transport: "Transport", connection: Connection, framing: Framing, head: "Head"
    ) -> None:
        self.headers = head.headers
        self.at = time.perf_counter()
        self.pace = head.pace or Pace()
        self._joiner = Joiner() if head.events and head.pace is None else None
        self._transport = transport
        self._connection = connection
        self._framing = framing
        self._origin = head.origin
        self._stays = head.stays
        self._closed = False
        if framing.done:
            self._give_back()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        connection, framing, joiner = self._connection, self._framing, self._joiner
        Response.open += 1
        try:
            while not framing.done:
                data = framing.take(connection.data)
                few = len(data) < PLENTY
                if framing.done:
                    self._give_back()
                if joiner is not None:
                    data = joiner.feed(data)
                    self.pace.speaking = joiner.speaking
                if data:
                    yield data
                if framing.done:
                    break
                gathers = self.pace.speaking and WINDOW and few
                if not await self._more(self._window() if gathers else 0.0):
                    break
            if joiner is not None and (rest := joiner.rest()):
                yield rest
        finally:
            Response.open -= 1

    def _window(self) -> float:
        fair = Response.open * EACH * max(1.0, Response.open / MANY) ** 2
        window = min(WIDEST, max(WINDOW, min(WIDE, fair)) + Response.late * BUSY)
        factor, widest = HEAVY
        return min(window * factor, widest) if self._joiner is not None else window

    async def _more(self, pause: float) -> bool:
        """Read once, after a pause. False: the body ends with the connection."""
        try:
            late = await self._connection.more(pause)
        except httpx.RemoteProtocolError:
            if not self._framing.until_close:
                raise
            return False
        if pause:
            Response.late += (late - Response.late) * _SMOOTH
        return True

    def _give_back(self) -> None:
        if not self._closed:
            self._closed = True
            if self._stays and not self._connection.data:
                self._transport.keep(self._origin, self._connection)
            else:
                self._connection.abort()

    async def aclose(self) -> None:
        """Close the connection, unless the body was read to its end."""
        if not self._closed:
            self._closed = True
            self._connection.abort()


Origin = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Head:
    """What a response's body is read by."""

    headers: httpx.Headers
    origin: Origin
    stays: bool
    events: bool
    pace: Pace | None


class Transport(httpx.AsyncBaseTransport):
    """One transport for one client."""

    def __init__(self) -> None:
        self._idle: dict[Origin, list[Connection]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and note its response.

        Raises:
            httpx.TransportError: it could not be sent or was not answered.
        """
        request.headers["accept-encoding"] = "identity"  # compressed events cannot be joined
        body = b"".join([part async for part in request.stream])  # type: ignore[union-attr]
        head = _head(request)
        url = request.url
        origin = (url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80))
        connection = self._reusable(origin)
        try:
            if connection is None:
                raise Stale
            status, headers, stays = await _ask(connection, head + body)
        except Stale:
            connection = await self._connect(origin)
            status, headers, stays = await _ask(connection, head + body)
        try:
            framing = Framing(status, headers)
        except httpx.RemoteProtocolError:
            connection.abort()
            raise
        found = httpx.Headers(headers)
        plain = "content-encoding" not in found
        events = plain and found.get("content-type", "").startswith("text/event-stream")
        pace = request.extensions.get("pace")
        stream = Response(self, connection, framing, Head(found, origin, stays, events, pace))
        responses = _opened.get()
        if responses is not None:
            responses.append(stream)
        return httpx.Response(
            status, headers=found, stream=stream, extensions={"http_version": b"HTTP/1.1"}
        )

    def _reusable(self, origin: Origin) -> Connection | None:
        idle = self._idle.get(origin, [])
        while idle:
            connection = idle.pop()
            if connection.usable and time.monotonic() - connection.idle_since < IDLE[1]:
                return connection
            connection.abort()
        return None

    async def _connect(self, origin: Origin) -> Connection:
        scheme, host, port = origin
        return await connect(host, port, tls() if scheme == "https" else None, CONNECT)

    def keep(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection for the next request."""
        idle = self._idle.setdefault(origin, [])
        if len(idle) >= IDLE[0] or connection.ended:
            connection.abort()
            return
        connection.idle()
        idle.append(connection)

    async def aclose(self) -> None:
        """Close the connections that nobody uses."""
        for connections in self._idle.values():
            for connection in connections:
                connection.abort()
        self._idle.clear()

    def close(self) -> None:
        """Nothing: Google's SDK gives its transport to a synchronous client as well."""


class Stale(Exception):
    """A kept connection was closed before the request reached anyone."""


async def _ask(connection: Connection, request: bytes) -> tuple[int, Headers, bool]:
    used_before = connection.idle_since > 0
    try:
        await connection.write(request)
        return await connection.head()
    except httpx.RemoteProtocolError:
        connection.abort()
        if used_before and connection.error is None and not connection.data:
            raise Stale from None
        raise
    except BaseException:
        connection.abort()
        raise


def _head(request: httpx.Request) -> bytes:
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [b"%s: %s" % (name, value) for name, value in request.headers.raw]
    if any(mark in line for line in lines for mark in (b"\r", b"\n", b"\0")):
        raise httpx.LocalProtocolError("A header has a line break in it")
    return b"\r\n".join([*lines, b"", b""])


@cache
def tls() -> ssl.SSLContext:
    """The certificates that all connections trust, loaded once."""
    return httpx.create_ssl_context(trust_env=False)


def async_client() -> httpx.AsyncClient:
    """A client on a transport of its own."""
    return httpx.AsyncClient(transport=Transport(), timeout=TIMEOUT, trust_env=False)
