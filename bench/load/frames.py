"""WebSocket frames of a client, no more than is needed (RFC 6455, RFC 7692).

What is sent is masked with zeros, which is legal and costs nothing; what comes may be compressed.
"""

import base64
import os
import zlib
from collections.abc import Iterator

DEFLATE = b"permessage-deflate; client_max_window_bits"
_TAIL = b"\x00\x00\xff\xff"
_TEXT, _CLOSE, _PING = 0x1, 0x8, 0x9


def handshake(host: str, path: str, headers: dict[str, str], *, deflate: bool) -> bytes:
    """The request that opens a socket."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    if deflate:
        lines.append(f"Sec-WebSocket-Extensions: {DEFLATE.decode()}")
    return "\r\n".join([*lines, "", ""]).encode()


def text(payload: bytes) -> bytes:
    """A message to the server."""
    return _frame(0x80 | _TEXT, payload)


def pong(payload: bytes) -> bytes:
    """The reply to a ping."""
    return _frame(0x8A, payload)


def _frame(first: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65536:
        head = bytes((first, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 0xFF)) + size.to_bytes(8, "big")
    return head + b"\x00\x00\x00\x00" + payload


class Closed(Exception):
    """The server has closed the socket; the argument is its code."""


class Incoming:
    """The messages in a stream of bytes."""

    __slots__ = ("_buffer", "_compressed", "_inflate", "_message", "pings")

    def __init__(self, *, deflated: bool) -> None:
        self._buffer = b""
        self._message = b""
        self._compressed = False
        self._inflate = zlib.decompressobj(-15) if deflated else None
        self.pings: list[bytes] = []
        """What is to be answered."""

    def messages(self, data: bytes) -> Iterator[bytes]:
        """The messages that are complete now.

        Raises:
            Closed: the server has closed the socket.
        """
        data = self._buffer + data if self._buffer else data
        at, end = 0, len(data)
        while end - at >= 2:
            size, start = _size(data, at)
            if start + size > end:
                break
            first, payload = data[at], data[start : start + size]
            at = start + size
            if (kind := first & 0x0F) == _CLOSE:
                raise Closed(int.from_bytes(payload[:2], "big") if payload else 1005)
            if kind == _PING:
                self.pings.append(payload)
            elif kind < _CLOSE and (message := self._join(first, payload)) is not None:
                yield message
        self._buffer = data[at:] if at < end else b""

    def _join(self, first: int, payload: bytes) -> bytes | None:
        if first & 0x0F:
            self._compressed = bool(first & 0x40)
        self._message = self._message + payload if self._message else payload
        if not first & 0x80:
            return None
        message, self._message = self._message, b""
        if self._compressed and self._inflate:
            return self._inflate.decompress(message + _TAIL)
        return message


def _size(data: bytes, at: int) -> tuple[int, int]:
    """The size of a frame's payload and where that begins."""
    size, start = data[at + 1] & 0x7F, at + 2
    if size == 126:
        return int.from_bytes(data[start : start + 2], "big"), at + 4
    if size == 127:
        return int.from_bytes(data[start : start + 8], "big"), at + 10
    return size, start
