"""The tools as admins have set them: kept in the database, known to all processes in a moment."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from uuid import UUID

import orjson
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp import audit, controls
from chatapp.accounts.sealing import Unreadable, is_of_today, seal, unseal
from chatapp.agents.tools import mcp, repository
from chatapp.agents.tools.entry import Entered, Unfit, origin, put
from chatapp.agents.tools.mcp import Address, full_name
from chatapp.agents.tools.models import McpServer, ToolChoice
from chatapp.agents.tools.problems import ToolProblem
from chatapp.agents.tools.threads import aside
from chatapp.agents.tools.tool import Tool
from chatapp.broadcast import listening, tell
from chatapp.controls import Outdated
from chatapp.database import AWAY, new_id, now, reading, transaction
from chatapp.settings import settings

logger = logging.getLogger(__name__)

CHANNEL = "chatapp:tools"


class Gone(Exception):
    """There is no such server any more."""


@dataclass(slots=True)
class _Copy:
    """What this process knows."""

    choices: dict[str, ToolChoice] = field(default_factory=dict)
    servers: list[McpServer] = field(default_factory=list)
    tools: dict[UUID, tuple[Tool, ...]] = field(default_factory=dict)
    """The tools of each server."""


@cache
def _copy() -> _Copy:
    return _Copy()


def choice_of(name: str) -> ToolChoice | None:
    """What an admin has said of a tool."""
    return _copy().choices.get(name)


def servers() -> list[McpServer]:
    """The MCP servers."""
    return list(_copy().servers)


def tools_of(server_id: UUID) -> tuple[Tool, ...]:
    """The tools of an MCP server, as the server has told them."""
    return _copy().tools.get(server_id, ())


def served() -> tuple[Tool, ...]:
    """The tools of all MCP servers that are on."""
    return tuple(tool for server in servers() if server.on for tool in tools_of(server.id))


async def choose(
    name: str, *, by: UUID | None, on: bool | None = None, acts: bool | None = None
) -> None:
    """Say of a tool whether anybody may use it, or whether a person is asked before.

    Args:
        name: the tool's.
        by: the admin.
        on: None leaves it.
        acts: None leaves it.
    """
    async with transaction() as session:
        kept = await repository.choice(session, name)
        before = {"on": kept.on, "acts": kept.acts}
        kept.on = kept.on if on is None else on
        kept.acts = kept.acts if acts is None else acts
        after = {"on": kept.on, "acts": kept.acts}
        await audit.note(
            session, "tool.changed", by=by, subject=f"tool:{name}", before=before, after=after
        )
    await _changed()


async def add(entered: Entered, *, by: UUID | None) -> UUID:
    """Keep a server. It is not asked for its tools by that.

    Raises:
        Unfit: something of it cannot be kept.
    """
    made = McpServer(id=new_id(), name="", url="")
    put(made, entered)
    try:
        async with transaction() as session:
            session.add(made)
            await _note(session, "mcp.added", by, made, None)
    except IntegrityError:
        raise Unfit("There is a server of this name already.") from None
    await _changed()
    return made.id


def version_of(server: McpServer) -> str:
    """Names what was entered of a server, for forms that are made from it."""
    return controls.version_of([server.name, server.url, server.timeout, server.sealed])


async def change(
    server_id: UUID, entered: Entered, *, by: UUID | None, seen: str | None = None
) -> None:
    """Change a server.

    Args:
        server_id: which one.
        entered: what it shall be.
        by: the admin who does it.
        seen: the version that the admin has looked at; None: whatever it is.

    Raises:
        Gone: it is not there any more.
        Outdated: it is not as it was seen; nothing is changed.
        Unfit: something of it cannot be kept; nothing is changed.
    """
    try:
        async with transaction() as session:
            kept = await _server(session, server_id)
            if seen is not None and version_of(kept) != seen:
                raise Outdated
            before = _shown(kept)
            names = [full_name(kept.name, each["name"]) for each in kept.tools]
            if kept.name != entered.name.strip():
                await repository.forget(session, names)
            if entered.headers is None and origin(entered.url) != origin(kept.url):
                # Secrets that were for one place are not sent to another.
                kept.sealed = None
            put(kept, entered)
            await _note(session, "mcp.changed", by, kept, before)
    except IntegrityError:
        raise Unfit("There is a server of this name already.") from None
    await _changed()


async def switch(server_id: UUID, *, on: bool, by: UUID | None) -> None:
    """Let the tools of a server be used, or no longer.

    Raises:
        Gone: it is not there any more.
    """
    async with transaction() as session:
        kept = await _server(session, server_id)
        before = _shown(kept)
        kept.on = on
        await _note(session, "mcp.changed", by, kept, before)
    await _changed()


async def remove(server_id: UUID, *, by: UUID | None) -> None:
    """Forget a server and what was said of its tools.

    Raises:
        Gone: it is not there any more.
    """
    async with transaction() as session:
        kept = await _server(session, server_id)
        names = [full_name(kept.name, each["name"]) for each in kept.tools]
        await repository.forget(session, names)
        await session.delete(kept)
        await _note(session, "mcp.removed", by, None, _shown(kept))
    await _changed()


async def test(server_id: UUID, *, by: UUID | None) -> int:
    """Ask a server for its tools and keep them; they are used as they are now from then on.

    Returns:
        How many there are.

    Raises:
        Gone: it is not there any more.
        ToolProblem: it does not answer; the tools that are kept stay.
    """
    async with reading() as session:
        asked = await _server(session, server_id)
    problem, found = "", None
    try:
        found = await mcp.told_tools(_address(asked))
    except ToolProblem as error:
        problem = str(error)
    async with transaction() as session:
        kept = await _server(session, server_id)
        before = _shown(kept)
        kept.problem, kept.tested_at = problem, now()
        if found is not None:
            kept.tools = found
        await _note(session, "mcp.tested", by, kept, before)
    await _changed()
    if problem:
        raise ToolProblem(problem)
    return len(found or ())


@asynccontextmanager
async def following() -> AsyncIterator[None]:
    """Keep this process's copy true for as long as this is open."""
    # What is switched off is so from the first answer on.
    with suppress(*AWAY):
        await load()
    async with listening(CHANNEL, _heard, load):
        yield


async def load() -> None:
    """Take over what the database says."""
    async with reading() as session:
        choices = await repository.choices(session)
        found = await repository.servers(session)
    if found:
        # It takes a moment to import, which no answer should wait for.
        await aside(import_module, "langchain_mcp_adapters.tools")
    copy = _copy()
    copy.choices = {each.name: each for each in choices}
    copy.servers = list(found)
    copy.tools = {
        server.id: tuple(mcp.tool_of(_address(server), each) for each in server.tools)
        for server in found
    }


async def reseal() -> None:
    """Seal with the present secret what an earlier one has sealed."""
    if not settings().secret_before:
        return
    async with transaction() as session:
        for server in await repository.servers(session):
            if not server.sealed or is_of_today(server.sealed):
                continue
            try:
                server.sealed = seal(server.id, unseal(server.id, server.sealed))
            except Unreadable:
                continue


async def _heard(_message: bytes) -> None:
    await load()


async def _changed() -> None:
    await load()
    await tell(CHANNEL, "changed")


async def _server(session: AsyncSession, server_id: UUID) -> McpServer:
    found = await repository.server(session, server_id)
    if found is None:
        raise Gone
    return found


def _address(server: McpServer) -> Address:
    headers: Mapping[str, str] = {}
    if server.sealed:
        try:
            headers = orjson.loads(unseal(server.id, server.sealed))
        except Unreadable:
            logger.error("The headers of the MCP server %s cannot be opened", server.name)
    return Address(server.name, server.url, headers, float(server.timeout))


def _shown(server: McpServer) -> dict[str, object]:
    """What the audit may have of a server."""
    return {
        "name": server.name,
        "url": server.url,
        "timeout": server.timeout,
        "on": server.on,
        "has headers": server.sealed is not None,
        "tools": [each["name"] for each in server.tools],
    }


async def _note(
    session: AsyncSession,
    action: str,
    by: UUID | None,
    server: McpServer | None,
    before: dict[str, object] | None,
) -> None:
    after = _shown(server) if server else None
    name = (after or before or {}).get("name", "")
    await audit.note(session, action, by=by, subject=f"mcp:{name}", before=before, after=after)
