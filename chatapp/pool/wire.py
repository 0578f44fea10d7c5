"""The HTTP transport below the providers' SDKs: no proxies, no retries, closed when told to.

The SDKs leave it to the garbage collector to close a response that nobody reads any more. The
transport notes every response that a call opens, so that the caller closes them at once.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import httpx

from chatapp.pool.sse import Joiner

CONNECT = 5.0
"""Seconds in which a connection must stand. Silence after that is the pool's to judge."""

TIMEOUT = httpx.Timeout(None, connect=CONNECT)
LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=50, keepalive_expiry=30)

WINDOW = 0.08
"""Seconds for which words gather below the SDK; 0 switches it off."""

BURST = 0.005
"""Seconds within which data is taken to be of one read."""

BUFFER = 65_536
"""Bytes that may wait for a slow reader."""

_opened: ContextVar["list[Response] | None"] = ContextVar("opened", default=None)


@contextmanager
def noting(responses: "list[Response]") -> Iterator[None]:
    """Have all responses that are opened inside of the block added to the list."""
    token = _opened.set(responses)
    try:
        yield
    finally:
        _opened.reset(token)


class Response(httpx.AsyncByteStream):
    """A response's body that can be closed from outside."""

    def __init__(self, body: httpx.AsyncByteStream, headers: httpx.Headers) -> None:
        self._body = body
        self.headers = headers
        self.at = time.perf_counter()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._body:
            yield data

    async def aclose(self) -> None:
        """Close the connection, or give it back if the body was read to its end."""
        await self._body.aclose()


class Events(Response):
    """A body of server-sent events, read and handed on at most once in a :data:`WINDOW`.

    The first words pass at once. After them the packets gather in the kernel while nobody reads,
    and a window's events become one. A task of its own reads: it runs through all that one read
    brought before the one that waits here wakes up.
    """

    def __init__(self, body: httpx.AsyncByteStream, headers: httpx.Headers) -> None:
        super().__init__(body, headers)
        self._joiner = Joiner()
        self._arrived: list[bytes] = []
        self._size = 0
        self._ready = asyncio.Event()
        self._taken = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        joiner = self._joiner
        self._reader = asyncio.create_task(self._read(), name="read a provider's stream")
        while not self._reader.done() or self._arrived:
            await self._ready.wait()
            self._ready.clear()
            if joiner.speaking:
                await asyncio.sleep(WINDOW)
            data, self._size = b"".join(self._arrived), 0
            self._arrived.clear()
            self._taken.set()
            if events := joiner.feed(data):
                yield events
        if rest := joiner.rest():
            yield rest
        await self._reader  # raises what has broken the stream

    async def _read(self) -> None:
        clock = asyncio.get_running_loop().time
        awoke = clock()
        try:
            async for data in self._body:
                self._arrived.append(data)
                self._size += len(data)
                self._ready.set()
                while self._size > BUFFER:
                    self._taken.clear()
                    await self._taken.wait()
                if self._joiner.speaking and clock() - awoke > BURST:
                    await asyncio.sleep(WINDOW)
                    awoke = clock()
        finally:
            self._ready.set()

    async def aclose(self) -> None:
        """Close the connection, or give it back if the body was read to its end."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
            if not self._reader.cancelled():
                self._reader.exception()  # it was told to the one who reads, or nobody asks
        await super().aclose()


class Transport(httpx.AsyncHTTPTransport):
    """One transport for one client."""

    def __init__(self) -> None:
        super().__init__(verify=tls(), trust_env=False, limits=LIMITS, retries=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and note its response."""
        request.headers["accept-encoding"] = "identity"  # compressed events cannot be joined
        response = await super().handle_async_request(request)
        responses = _opened.get()
        if responses is not None and isinstance(response.stream, httpx.AsyncByteStream):
            events = response.headers.get("content-type", "").startswith("text/event-stream")
            plain = "content-encoding" not in response.headers
            wrapper = Events if events and plain and WINDOW else Response
            response.stream = wrapper(response.stream, response.headers)
            responses.append(response.stream)
        return response

    def close(self) -> None:
        """Nothing: Google's SDK gives its transport to a synchronous client as well."""


@cache
def tls() -> ssl.SSLContext:
    """The certificates that all connections trust, loaded once."""
    return httpx.create_ssl_context(trust_env=False)


def async_client() -> httpx.AsyncClient:
    """A client on a transport of its own."""
    return httpx.AsyncClient(transport=Transport(), timeout=TIMEOUT, trust_env=False)
