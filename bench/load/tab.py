"""One tab's connection, which speaks Reflex's protocol as the compiled page does."""

import asyncio
import uuid
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, cast

import orjson

from bench.load.counts import Counts
from bench.load.frames import Closed, Incoming, handshake, pong, text
from bench.load.manners import Account, Manners

SOCKET = "/_event"
ROOT = "reflex___state____state"
CHAT_STATE = f"{ROOT}.chatapp___answers___state____chat_state"
STORE = f"{ROOT}.chatapp___ui___store____store"
NAVIGATE = f"{ROOT}.reflex___state____on_load_internal_state.on_load_internal"

PROTOCOL = version("reflex")
RETRY, RETRIES = 0.2, 10
"""The page waits so many seconds more after each failed attempt to connect, up to ten times."""


class Tab(asyncio.Protocol):
    """A tab and its connection, which it opens again when it is lost."""

    def __init__(self, account: Account, manners: Manners, counts: Counts) -> None:
        self.account = account
        self.counts = counts
        self.manners = manners
        self.chat = account.chats[0]
        """The chat that the page is at."""
        self._loop = asyncio.get_running_loop()
        self._tab = str(uuid.uuid4())
        self._transport: asyncio.Transport | None = None
        self._incoming: Incoming | None = None
        self._head = b""
        self._wanted = False
        self._failures = 0

    def show(self, values: Mapping[str, Any]) -> None:
        """The page's store is told values; to be said by who sits before it."""
        raise NotImplementedError

    def lost(self) -> None:
        """The connection is gone and will be opened again; likewise."""
        raise NotImplementedError

    def open(self) -> None:
        """Connect, and stay so."""
        self._wanted = True
        self._connect()

    def close(self) -> None:
        """Be gone."""
        self._wanted = False
        if self._transport:
            self._transport.close()

    def drop(self) -> None:
        """Lose the connection, as when the network changes; the page comes back at once."""
        if self._transport:
            self._transport.abort()

    def arrived(self) -> None:
        """The page is there: the next time that it is lost is the first one again."""
        self._failures = 0

    def send(self, name: str, payload: Mapping[str, Any] | None = None) -> None:
        """Call a handler."""
        event = orjson.dumps(["event", self._event(name, payload)])
        self._write(text(b"42" + SOCKET.encode() + b"," + event))

    def _connect(self) -> None:
        self._opening = self._loop.create_task(self._open())

    async def _open(self) -> None:
        try:
            await self._loop.create_connection(
                lambda: self,
                "127.0.0.1",
                self.manners.port,
                local_addr=(self.account.address, 0),
            )
        except OSError:
            self._retry()

    def _retry(self) -> None:
        self.counts.note("connects that failed")
        self._failures = min(self._failures + 1, RETRIES)
        self._loop.call_later(RETRY * self._failures, self._again)

    def _again(self) -> None:
        if self._wanted and self._transport is None:
            self._connect()

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._incoming = None
        self._head = b""
        host = f"127.0.0.1:{self.manners.port}"
        headers = {
            "Origin": f"http://{host}",
            "Cookie": f"chatapp_session={self.account.token}",
            "Sec-WebSocket-Protocol": PROTOCOL,
            "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) chatapp-bench",
        }
        path = f"{SOCKET}/?token={self._tab}&EIO=4&transport=websocket"
        self._transport.write(handshake(host, path, headers, deflate=self.manners.deflate))

    def connection_lost(self, exc: Exception | None) -> None:
        opened = self._incoming is not None
        self._transport = None
        if not self._wanted:
            return
        self.lost()
        if opened:
            # As the page does: at once the first time.
            self._connect()
        else:
            self._retry()

    def data_received(self, data: bytes) -> None:
        try:
            self._take(data)
        except Closed:
            if self._transport:
                self._transport.abort()
        except Exception as error:
            self.counts.fail("the generator failed", repr(error))
            if self._transport:
                self._transport.abort()

    def _take(self, data: bytes) -> None:
        if self._incoming is None:
            self._head += data
            head, found, data = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.counts.note(f"handshakes refused with {head[9:12].decode()}")
                assert self._transport
                self._transport.abort()
                return
            self._incoming = Incoming(deflated=b"permessage-deflate" in head)
        for message in self._incoming.messages(data):
            self._read(message)
        if self._incoming.pings:
            for payload in self._incoming.pings:
                self._write(pong(payload))
            self._incoming.pings.clear()

    def _read(self, message: bytes) -> None:
        if message.startswith(b"42"):
            name, body = orjson.loads(message[message.index(b",") + 1 :])
            if name == "event":
                if values := (body.get("delta") or {}).get(STORE):
                    self.show(values)
            elif name == "new_token":
                self._tab = body
        elif message == b"2":
            self._write(text(b"3"))
        elif message.startswith(b"0"):
            boot = {"event": self._event(f"{ROOT}.hydrate_and_load")}
            self._write(text(b"40" + SOCKET.encode() + b"," + orjson.dumps(boot)))

    def _event(self, name: str, payload: Mapping[str, Any] | None = None) -> dict[str, Any]:
        path = f"/c/{self.chat}"
        router = {"pathname": path, "asPath": path, "query": {"chat_id": self.chat}}
        event: dict[str, Any] = {"name": name, "router_data": router}
        return {**event, "payload": dict(payload)} if payload else event

    def _write(self, data: bytes) -> None:
        if self._transport:
            self._transport.write(data)
