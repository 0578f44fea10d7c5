"""One websocket as a browser opens it, which counts the bytes that come over TCP.

Leaner than a Socket.IO client, so that the measuring machine is not what is measured.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import orjson
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame
from websockets.http11 import Response
from websockets.typing import Origin, Subprotocol
from websockets.uri import parse_uri

NAMESPACE = "/_event"
ROOT = "reflex___state____state"
PROTOCOL = Subprotocol(version("reflex"))
PATIENCE = 10.0

Delta = Mapping[str, dict[str, Any]]
OnDelta = Callable[[Delta, float], None]
"""Takes what changed, by the full name of the state, and when it arrived."""

OnLost = Callable[[Exception], None]
"""Takes why there is no connection any more."""


class Line(asyncio.Protocol):
    """The connection of one tab."""

    def __init__(
        self,
        port: int,
        on_delta: OnDelta,
        on_lost: OnLost,
        *,
        cookie: str = "",
        deflate: bool = True,
    ) -> None:
        self.received = 0
        """Bytes that came, as TCP carried them."""
        self.compressed = False
        self._port = port
        self._cookie = cookie
        self._on_delta = on_delta
        self._on_lost = on_lost
        self._text = bytearray()
        self._hydrated = asyncio.Event()
        self._lost = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._router: dict[str, Any] = {}
        self._failure: Exception | None = None
        query = f"token={uuid.uuid4()}&EIO=4&transport=websocket"
        self._websocket = ClientProtocol(
            parse_uri(f"ws://127.0.0.1:{port}{NAMESPACE}/?{query}"),
            origin=Origin(f"http://127.0.0.1:{port}"),
            subprotocols=[PROTOCOL],
            extensions=[ClientPerMessageDeflateFactory(client_max_window_bits=True)]
            if deflate
            else None,
            max_size=None,
        )

    async def open(self, path: str, parameters: Mapping[str, str] | None = None) -> None:
        """Connect and load a page."""
        self._router = {"pathname": path, "asPath": path, "query": dict(parameters or {})}
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", self._port)
        async with asyncio.timeout(PATIENCE):
            await self._hydrated.wait()
        if self._lost.is_set():
            raise ConnectionError(f"The socket was refused: {self._websocket.handshake_exc}")

    def send(self, handler: str, payload: Mapping[str, Any]) -> None:
        """Send an event to a handler."""
        event = {"name": handler, "router_data": self._router, "payload": dict(payload)}
        self._say(b"42" + NAMESPACE.encode() + b"," + orjson.dumps(["event", event]))

    async def close(self) -> None:
        """Close the tab."""
        if self._transport is not None:
            self._transport.close()
        async with asyncio.timeout(PATIENCE):
            await self._lost.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        request = self._websocket.connect()
        if self._cookie:
            request.headers["Cookie"] = self._cookie
        self._websocket.send_request(request)
        self._flush()

    def data_received(self, data: bytes) -> None:
        at = time.monotonic()
        self.received += len(data)
        try:
            self._take(data, at)
        except Exception as error:
            self._failure = error
            if self._transport is not None:
                self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.set()
        self._hydrated.set()
        self._on_lost(self._failure or exc or ConnectionError("The connection was closed."))

    def _take(self, data: bytes, at: float) -> None:
        self._websocket.receive_data(data)
        for event in self._websocket.events_received():
            if isinstance(event, Response):
                self.compressed = bool(self._websocket.extensions)
            elif isinstance(event, Frame):
                self._text += event.data
                if event.fin:
                    message = bytes(self._text)
                    self._text.clear()
                    self._read(message, at)
        self._flush()

    def _read(self, message: bytes, at: float) -> None:
        """One message of Engine.IO: open, ping, or one of Socket.IO."""
        if message.startswith(b"0"):
            boot = {"name": f"{ROOT}.hydrate_and_load", "router_data": self._router}
            opening = orjson.dumps({"event": boot})
            self._say(b"40" + NAMESPACE.encode() + b"," + opening)
        elif message.startswith(b"2"):
            self._say(b"3")
        elif message.startswith(b"42"):
            name, data = orjson.loads(message[message.index(b",") + 1 :])
            if name == "event" and (delta := data.get("delta")):
                if delta.get(ROOT, {}).get("is_hydrated_rx_state_"):
                    self._hydrated.set()
                self._on_delta(delta, at)

    def _say(self, message: bytes) -> None:
        self._websocket.send_text(message)
        self._flush()

    def _flush(self) -> None:
        assert self._transport is not None
        for data in self._websocket.data_to_send():
            if data:
                self._transport.write(data)
