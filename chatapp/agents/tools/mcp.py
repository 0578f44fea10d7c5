"""Tools of MCP servers: asked for once, kept, and each use a short session of its own.

A server is connected to when one of its tools is used and when an admin tests it, and at no other
time: one that is dead costs nobody else anything.
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langchain_core.utils.function_calling import convert_to_openai_tool

from chatapp.agents.tools.problems import ToolProblem
from chatapp.agents.tools.tool import Tool
from chatapp.chats.text import storable

logger = logging.getLogger(__name__)

# It writes down the ids of sessions, and traces of what is told here in words.
logging.getLogger("mcp.client").setLevel(logging.CRITICAL)

TEST_TIMEOUT = 15.0
"""How long, in seconds, a server may take to tell its tools."""

LARGEST = 5_000_000
"""Bytes of one answer of a server."""

MOST = 100
"""Tools of one server."""

NAME, TITLE, DESCRIPTION, SCHEMA = 64, 80, 2_000, 20_000
"""Characters of what a server tells of a tool; one with a larger schema is left out."""

UNREACHABLE = "The server cannot be reached, or does not speak MCP over HTTP at this address."


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, with what is sent along."""

    name: str
    url: str
    headers: Mapping[str, str]
    timeout: float


async def told_tools(address: Address) -> list[dict[str, Any]]:
    """The tools of a server, as they are kept.

    Raises:
        ToolProblem: it does not answer, in words without anything it said.
    """
    from langchain_mcp_adapters.sessions import create_session

    found: list[dict[str, Any]] = []
    try:
        async with (
            asyncio.timeout(TEST_TIMEOUT),
            create_session(_connection(address, TEST_TIMEOUT)) as session,
        ):
            await session.initialize()
            cursor = None
            while len(found) < MOST:
                page = await session.list_tools(cursor=cursor)
                found += [kept for each in page.tools if (kept := _kept(each))]
                if not (cursor := page.nextCursor):
                    break
    except TimeoutError:
        raise ToolProblem(f"The server did not answer in {TEST_TIMEOUT:.0f} seconds.") from None
    except Exception as error:
        raise ToolProblem(_why(error)) from None
    return found[:MOST]


def full_name(server: str, tool: str) -> str:
    """What models call a tool of a server: unique, and of the characters that all of them take."""
    clean = re.sub(r"[^A-Za-z0-9_-]", "_", tool)
    name = f"{server}_{clean}"
    if clean == tool and len(name) <= NAME:
        return name
    return f"{name[: NAME - 9]}_{hashlib.sha256(tool.encode()).hexdigest()[:8]}"


def tool_of(address: Address, kept: Mapping[str, Any]) -> Tool:
    """A kept tool, as it is offered."""
    return Tool(
        name=full_name(address.name, kept["name"]),
        title=kept["title"],
        meaning=kept["description"] or f"A tool of {address.name}.",
        acts=kept["acts"],
        timeout=address.timeout,
        build=lambda _caller: _built(address, kept),
    )


def _built(address: Address, kept: Mapping[str, Any]) -> BaseTool:
    from langchain_mcp_adapters.tools import convert_mcp_tool_to_langchain_tool
    from mcp.types import Tool as McpTool

    inner = convert_mcp_tool_to_langchain_tool(
        None,
        McpTool(name=kept["name"], inputSchema=kept["schema"]),
        connection=_connection(address, address.timeout),
        handle_tool_errors=False,
    )

    async def use(**arguments: Any) -> str:
        try:
            blocks = await inner.ainvoke(arguments)
        except ToolException as error:
            # What the tool itself says of what went wrong is for the model.
            raise ToolProblem(f"The tool answers with an error: {str(error)[:500]}") from None
        except Exception as error:
            logger.warning("A tool of the MCP server %s failed: %s", address.name, _kind(error))
            raise ToolProblem(_why(error)) from None
        return _text(blocks)

    return StructuredTool(
        name=full_name(address.name, kept["name"]),
        description=kept["description"] or kept["title"],
        args_schema=dict(kept["schema"]),
        coroutine=use,
    )


def _connection(address: Address, timeout: float) -> Any:
    return {
        "transport": "streamable_http",
        "url": address.url,
        "headers": dict(address.headers),
        "timeout": timeout,
        "sse_read_timeout": timeout,
        "httpx_client_factory": _client,
    }


def _client(
    headers: dict[str, str] | None = None,
    timeout: httpx.Timeout | None = None,
    auth: httpx.Auth | None = None,
) -> httpx.AsyncClient:
    return httpx.AsyncClient(headers=headers, timeout=timeout, auth=auth, transport=_Bounded())


class _Bounded(httpx.AsyncHTTPTransport):
    """Ends an answer that is longer than any tool's should be."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        response.stream = _Counted(response.stream)
        return response


class _Counted(httpx.AsyncByteStream):
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        came = 0
        async for chunk in self._inner:
            came += len(chunk)
            if came > LARGEST:
                raise httpx.ReadError("The answer is too long.")
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


def _kept(tool: Any) -> dict[str, Any] | None:
    """What is kept of a tool: enough to offer and to use it without asking the server again."""
    schema = orjson.dumps(tool.inputSchema).decode()
    if not tool.name or len(tool.name) > 200 or len(schema) > SCHEMA:
        return None
    try:
        # As it will be told to models: what cannot be would spoil every answer.
        convert_to_openai_tool({**tool.inputSchema, "title": "tool", "description": ""})
    except Exception:
        return None
    hints = tool.annotations
    title = (hints.title if hints else None) or tool.title or tool.name
    return {
        "name": storable(tool.name),
        "title": storable(" ".join(title.split()))[:TITLE],
        "description": storable(tool.description or "").strip()[:DESCRIPTION],
        "schema": orjson.loads(storable(schema)),
        # Nobody is asked only where the server says that nothing is changed.
        "acts": not (hints and hints.readOnlyHint),
    }


def _text(blocks: Any) -> str:
    if isinstance(blocks, str):
        return blocks
    parts = []
    for block in blocks if isinstance(blocks, list) else [blocks]:
        if isinstance(block, str):
            parts.append(block)
        elif isinstance(block, dict) and block.get("type") == "text":
            parts.append(str(block.get("text", "")))
        else:
            parts.append("(Something that is no text is left out.)")
    return "\n".join(parts) or "(The tool has nothing to say.)"


def _why(error: BaseException) -> str:
    """Why a server could not be used, in words that hold nothing of what it said."""
    inner = _first(error)
    if isinstance(inner, httpx.HTTPStatusError):
        status = inner.response.status_code
        if status in (401, 403):
            return f"The server refuses us (status {status}): its headers may be wrong."
        return f"The server answers with the status {status}."
    if isinstance(inner, (TimeoutError, httpx.TimeoutException)):
        return "The server did not answer in time."
    return UNREACHABLE


def _kind(error: BaseException) -> str:
    return type(_first(error)).__name__


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
