"""The HTTP transport below the providers' SDKs: no proxies, no retries, closed when told to.

The SDKs leave it to the garbage collector to close a response that nobody reads any more. The
transport notes every response that a call opens, so that the caller closes them at once.
"""

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import httpx

CONNECT = 5.0
"""Seconds in which a connection must stand. Silence after that is the pool's to judge."""

TIMEOUT = httpx.Timeout(None, connect=CONNECT)
LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=50, keepalive_expiry=30)

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

    def __init__(self, body: httpx.AsyncByteStream) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._body:
            yield data

    async def aclose(self) -> None:
        """Close the connection, or give it back if the body was read to its end."""
        await self._body.aclose()


class Transport(httpx.AsyncHTTPTransport):
    """One transport for one client."""

    def __init__(self) -> None:
        super().__init__(verify=tls(), trust_env=False, limits=LIMITS, retries=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and note its response."""
        response = await super().handle_async_request(request)
        responses = _opened.get()
        if responses is not None and isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = Response(response.stream)
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
