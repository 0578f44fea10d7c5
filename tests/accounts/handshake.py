"""A handshake against the socket gate, without a server."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from chatapp import routes
from chatapp.accounts.cookies import SESSION
from chatapp.accounts.gate import SocketGate
from chatapp.accounts.sessions import SignedIn
from tests.accounts.conftest import ORIGIN

TAB = "0b7c1a52-9d8f-4a1e-8a43-8f0f35a0a001"


class Handshake:
    """One handshake against a gate, and the socket behind it if it was let in."""

    def __init__(self, inner: Callable[..., Awaitable[None]] | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self.inside: dict[str, Any] | None = None
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.entered = asyncio.Event()
        self.reads = asyncio.Event()
        """Whether what is sent is taken in."""
        self.reads.set()
        self._inner = inner
        self._task: asyncio.Task[None] | None = None

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.inside = scope
        self.entered.set()
        if self._inner:
            await self._inner(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": "heard"})

    async def _receive(self) -> dict[str, Any]:
        return await self.incoming.get()

    async def _send(self, message: Any) -> None:
        await self.reads.wait()
        self.sent.append(dict(message))

    async def open(self, **changes: Any) -> bool:
        """Begin; whether it was let in."""
        headers = {"host": "chat.test", "origin": ORIGIN, **changes.pop("headers", {})}
        scope = {
            "type": "websocket",
            "scheme": "ws",
            "path": routes.SOCKET,
            "query_string": f"token={TAB}&EIO=4&transport=websocket".encode(),
            "client": ("192.0.2.1", 1),
            "headers": [(k.encode(), v.encode()) for k, v in headers.items() if v is not None],
            **changes,
        }
        self.incoming.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(SocketGate(self._app)(scope, self._receive, self._send))
        waiting = asyncio.create_task(self.entered.wait())
        await asyncio.wait((self._task, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        while self.inside is not None and not self.sent:  # noqa: ASYNC110
            await asyncio.sleep(0)
        return self.inside is not None

    async def close(self) -> None:
        self.incoming.put_nowait({"type": "websocket.disconnect"})
        assert self._task
        await self._task

    @property
    def headers(self) -> dict[str, str]:
        assert self.inside
        return {key.decode(): value.decode() for key, value in self.inside["headers"]}

    @property
    def tab(self) -> str:
        assert self.inside
        return parse_qs(self.inside["query_string"].decode())["token"][0]


def cookie(signed_in: SignedIn) -> dict[str, str]:
    return {"cookie": f"{SESSION}={signed_in.token}"}


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - it is of another process' making
            await asyncio.sleep(0.01)
