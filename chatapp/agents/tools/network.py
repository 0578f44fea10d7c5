"""Requests to the internet for a model: only to public addresses, bounded in time and size.

A name is resolved here, each of its addresses is looked at, and the connection goes to an address
that was looked at, so that a name that means something else a moment later gains nothing. That
happens for each connection, and so after each redirect.
"""

import asyncio
import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cache
from typing import cast

import httpcore
import httpx

from chatapp.agents.tools.addresses import is_public
from chatapp.agents.tools.problems import ToolProblem
from chatapp.agents.tools.threads import aside

LARGEST = 2_000_000
"""Bytes of a body that are read, as they come and as they are unpacked."""

HOPS = 5
"""How many redirects are followed."""

LONGEST_URL = 2_000

PORTS = {80, 443, 8080, 8443}

AT_ONCE = 8
"""Requests of one process at the same time."""

_TIMES = {"connect": 6.0, "read": 10.0, "write": 10.0, "pool": 10.0}
_AGENT = b"Mozilla/5.0 (compatible; chatapp)"

NOT_PUBLIC = "This address is not on the public internet, so it is not opened."
UNREACHABLE = "The address could not be reached."
BROKEN = "The connection broke before the page was there."

Resolve = Callable[[str, int], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address has answered."""

    url: str
    """Where it was in the end."""
    kind: str
    """The media type, in small letters, without parameters."""
    charset: str
    body: bytes
    whole: bool
    """Whether the body is all of it."""


async def resolved(host: str, port: int) -> list[str]:
    """The addresses of a name."""
    try:
        found = await aside(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def anywhere() -> httpcore.AsyncNetworkBackend:
    """Connects to whatever it is told to: for what operators have named."""
    return cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())


class PublicOnly(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only, and to those that were looked at."""

    def __init__(
        self, resolve: Resolve = resolved, inner: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        self._resolve = resolve
        self._inner = inner or anywhere()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as httpcore has it
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the host of a URL.

        Raises:
            ToolProblem: there is no such host, or one of its addresses is not public.
        """
        addresses = await self._resolve(host, port)
        if not addresses:
            raise ToolProblem(UNREACHABLE)
        if not all(is_public(address) for address in addresses):
            raise ToolProblem(NOT_PUBLIC)
        for address in addresses[:2]:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        raise ToolProblem(UNREACHABLE)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Nothing is connected to by a path."""
        raise ToolProblem(NOT_PUBLIC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._inner.sleep(seconds)


Network = Callable[[], httpcore.AsyncNetworkBackend]


async def get(url: str, accepted: Iterable[str], network: Network = PublicOnly) -> Fetched:
    """Read an address, following redirects.

    Args:
        url: as it was written by anybody.
        accepted: the media types that are read.
        network: what connects.

    Raises:
        ToolProblem: it may not be opened, does not answer, or is of another type.
    """
    async with _places(), _pool(network) as pool:
        for _ in range(HOPS + 1):
            target = checked(url)
            try:
                async with pool.stream(
                    "GET",
                    str(target),
                    headers=_headers(target),
                    extensions={"timeout": _TIMES},
                ) as response:
                    onward = _redirect(response, target)
                    if onward is None:
                        return await _read(response, str(target), frozenset(accepted))
                    url = onward
            except httpcore.TimeoutException:
                raise ToolProblem("The address did not answer in time.") from None
            except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError):
                raise ToolProblem(BROKEN) from None
    raise ToolProblem(f"The address leads on more than {HOPS} times.")


async def ask(
    url: str, headers: Mapping[str, str], body: bytes | None, network: Network = PublicOnly
) -> bytes:
    """Ask a service that an operator has named, by POST if there is a body of JSON to send.

    Raises:
        ToolProblem: it does not answer, or with an error; nothing of what it says is told.
    """
    sent = {"Host": httpx.URL(url).netloc.decode(), "Accept": "application/json", **headers}
    if body is not None:
        sent |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    method = "GET" if body is None else "POST"
    raw = [(name.encode(), value.encode()) for name, value in sent.items()]
    try:
        async with (
            _places(),
            _pool(network) as pool,
            pool.stream(
                method, url, headers=raw, content=body, extensions={"timeout": _TIMES}
            ) as response,
        ):
            return (await _read(response, url, frozenset({"application/json"}))).body
    except httpcore.TimeoutException:
        raise ToolProblem("The service did not answer in time.") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError):
        raise ToolProblem("The service could not be reached.") from None


def checked(text: str) -> httpx.URL:
    """The address that a text is, if one may be sent there at all.

    Raises:
        ToolProblem: it is none, or of a kind that is not opened.
    """
    if len(text) > LONGEST_URL:
        raise ToolProblem("The address is too long.")
    try:
        url = httpx.URL(text.strip())
        port = url.port
    except (httpx.InvalidURL, ValueError):
        raise ToolProblem("This is no address of a page.") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ToolProblem("Only addresses that begin with http:// or https:// are opened.")
    if url.userinfo:
        raise ToolProblem("Addresses with a name or a password in them are not opened.")
    if port is not None and port not in PORTS:
        raise ToolProblem("This port is not one of web pages, so it is not opened.")
    return url.copy_with(fragment=None)


def _headers(url: httpx.URL) -> list[tuple[bytes, bytes]]:
    return [
        (b"Host", url.netloc),
        (b"User-Agent", _AGENT),
        (b"Accept", b"text/html,text/plain;q=0.9,*/*;q=0.5"),
        (b"Accept-Encoding", b"gzip, deflate"),
        (b"Accept-Language", b"en, *;q=0.5"),
    ]


def _redirect(response: httpcore.Response, url: httpx.URL) -> str | None:
    if response.status not in (301, 302, 303, 307, 308):
        return None
    try:
        return str(url.join(_header(response, b"location")))
    except (httpx.InvalidURL, ValueError):
        raise ToolProblem("The address leads on to what is no address.") from None


async def _read(response: httpcore.Response, url: str, accepted: frozenset[str]) -> Fetched:
    if response.status != 200:
        raise ToolProblem(f"The address answers with the status {response.status}.")
    kind, _, parameters = _header(response, b"content-type").partition(";")
    kind = kind.strip().lower() or "text/html"
    if kind not in accepted:
        shown = kind if len(kind) <= 60 and kind.isascii() and kind.isprintable() else "another"
        raise ToolProblem(f"What is there is of the type {shown}, which is not read.")
    body, whole = await _unpacked(response)
    charset = parameters.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    return Fetched(url, kind, charset, body, whole)


async def _unpacked(response: httpcore.Response) -> tuple[bytes, bool]:
    """The body as far as it is read, and whether that is all."""
    unpack = _unpacking(_header(response, b"content-encoding").strip().lower())
    body, came = bytearray(), 0
    async for chunk in response.aiter_stream():
        came += len(chunk)
        try:
            body += unpack(chunk, LARGEST + 1 - len(body))
        except zlib.error:
            raise ToolProblem("What is there is packed in a way that cannot be read.") from None
        if len(body) > LARGEST or came > LARGEST:
            return bytes(body[:LARGEST]), False
    return bytes(body), True


def _unpacking(coding: str) -> Callable[[bytes, int], bytes]:
    if coding in ("", "identity"):
        return lambda chunk, most: chunk[:most]
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise ToolProblem("What is there is packed in a way that cannot be read.")
    # 32: a header of gzip or of zlib.
    unpacker = zlib.decompressobj(32 + zlib.MAX_WBITS)
    return lambda chunk, most: unpacker.decompress(unpacker.unconsumed_tail + chunk, most)


def _header(response: httpcore.Response, name: bytes) -> str:
    values = [value for key, value in response.headers if key.lower() == name]
    return values[0].decode("latin-1") if values else ""


def _pool(network: Network) -> httpcore.AsyncConnectionPool:
    return httpcore.AsyncConnectionPool(
        ssl_context=_tls(), network_backend=network(), max_connections=2
    )


def _places() -> AbstractAsyncContextManager[None]:
    return _semaphore()


@cache
def _semaphore() -> asyncio.Semaphore:
    return asyncio.Semaphore(AT_ONCE)


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()
