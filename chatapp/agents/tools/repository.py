"""All SQL of tools."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.agents.tools.models import McpServer, ToolChoice


async def choices(session: AsyncSession) -> Sequence[ToolChoice]:
    """What admins have said of tools."""
    return (await session.exec(select(ToolChoice))).all()


async def choice(session: AsyncSession, name: str) -> ToolChoice:
    """What admins have said of one tool; a new row if nothing was said."""
    found = await session.get(ToolChoice, name)
    if found is None:
        found = ToolChoice(name=name)
        session.add(found)
    return found


async def forget(session: AsyncSession, names: Sequence[str]) -> None:
    """Forget what was said of these tools."""
    await session.exec(delete(ToolChoice).where(col(ToolChoice.name).in_(names)))


async def servers(session: AsyncSession) -> Sequence[McpServer]:
    """All MCP servers, by name."""
    return (await session.exec(select(McpServer).order_by(McpServer.name))).all()


async def server(session: AsyncSession, server_id: UUID) -> McpServer | None:
    """One MCP server."""
    return await session.get(McpServer, server_id)
