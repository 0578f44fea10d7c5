"""An internet on loopback: names, public addresses, and a server that answers for all of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, cast

import httpcore

from chatapp.agents.tools.network import PublicOnly

SITE = "93.184.216.34"
"""A public address; nothing is sent there."""

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


def page(body: bytes, *headers: str, status: str = "200 OK", kind: str = "text/html") -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", f"Content-Type: {kind}"]
    return "\r\n".join([*head, *headers, "", ""]).encode() + body


def leading_to(url: str, status: str = "302 Found") -> bytes:
    return page(b"", f"Location: {url}", status=status)


class Internet(httpcore.AsyncNetworkBackend):
    """Connects every public address to one server, and remembers which addresses were asked."""

    def __init__(self, port: int, answers: dict[str, Answer]) -> None:
        self.answers = answers
        self.names: dict[str, list[list[str]]] = {"site.example": [[SITE]]}
        """What the resolver says of a name: one time after the other, the last one for ever."""
        self.connected: list[str] = []
        self.requests: list[str] = []
        """What was sent: whole requests without their bodies."""
        self.port = port
        self._inner = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    def network(self) -> PublicOnly:
        return PublicOnly(self._resolve, self)

    async def _resolve(self, host: str, port: int) -> list[str]:
        turns = self.names.get(host, [[]])
        return turns.pop(0) if len(turns) > 1 else turns[0]

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.connected.append(host)
        return await self._inner.connect_tcp("127.0.0.1", self.port, timeout)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


@asynccontextmanager
async def internet(**answers: Answer) -> AsyncIterator[Internet]:
    """``page_1=b"…"`` answers for ``/page_1`` of every host."""
    world: list[Internet] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            world[0].requests.append(head)
            path = head.split(" ")[1].split("?")[0].lstrip("/")
            answer = world[0].answers.get(path, page(b"", status="404 Not Found"))
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    sockets: Any = server.sockets
    world.append(Internet(sockets[0].getsockname()[1], dict(answers)))
    async with server:
        yield world[0]
