"""A real MCP server on loopback, with tools that fail in every way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from mcp.server.fastmcp import FastMCP
from mcp.server.fastmcp.exceptions import ToolError
from mcp.types import ToolAnnotations
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.harness.processes import free_port

SECRET = "s3cret-of-the-server"


@dataclass
class Served:
    """The server, what it was asked for, and what it lets happen."""

    url: str
    calls: list[tuple[str, Any]] = field(default_factory=list)
    refused: int = 0
    mcp: FastMCP = field(default_factory=lambda: FastMCP("notes"))


@asynccontextmanager
async def mcp_server() -> AsyncIterator[Served]:
    """Serve some tools to who sends the right header."""
    served = Served("")
    _offer(served)
    async with listening(_guarded(served.mcp.streamable_http_app(), served)) as url:
        served.url = f"{url}/mcp"
        yield served


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an app on loopback; its address."""
    port = free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical", ws="none")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # pyright: ignore[reportAttributeAccessIssue]
    task = asyncio.create_task(server._serve())
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True
        await task


def _offer(served: Served) -> None:
    reads = ToolAnnotations(title="Read a note", readOnlyHint=True)

    @served.mcp.tool("read-note", description="Reads a note by its number.", annotations=reads)
    async def read(number: int) -> str:
        served.calls.append(("read-note", number))
        return f"note {number}: grün 漢字"

    @served.mcp.tool("write note", description="Writes a note.")
    async def write(text: str) -> str:
        served.calls.append(("write note", text))
        return "written"

    @served.mcp.tool("slow")
    async def slow() -> str:
        served.calls.append(("slow", None))
        await asyncio.sleep(3600)
        return "late"

    @served.mcp.tool("endless")
    async def endless() -> str:
        return "x" * 20_000_000

    @served.mcp.tool("broken")
    async def broken() -> str:
        raise ToolError("the shelf is locked")


def _guarded(app: ASGIApp, served: Served) -> ASGIApp:
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (b"x-key", SECRET.encode()) not in scope["headers"]:
            served.refused += 1
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": SECRET.encode()})
            return
        await app(scope, receive, send)

    return guarded
