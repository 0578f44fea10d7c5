"""All that is here of a person: for who leaves, and for a copy of what is theirs."""

from base64 import b64encode
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.agents import persona_repository, repository
from chatapp.agents.pictures import TYPE


async def forget(session: AsyncSession, user_id: UUID) -> None:
    """Remove a person's own agents, instructions and memory, in the caller's transaction."""
    await repository.remove_all(session, user_id)
    await persona_repository.delete_memories(session, user_id)
    await persona_repository.delete_persona(session, user_id)


async def export(session: AsyncSession, user_id: UUID) -> dict[str, Any]:
    """A person's own agents, instructions and memory, as values of JSON."""
    written = await persona_repository.persona(session, user_id)
    entries = await persona_repository.memories(session, user_id)
    pictures = dict(await repository.own_pictures(session, user_id))
    return {
        "about": written.about if written else "",
        "style": written.style if written else "",
        "memory_is_on": bool(written and written.remembers),
        "memory": [
            {"text": each.text, "by": str(each.author), "at": each.created_at.isoformat()}
            for each in entries
        ],
        "agents": [
            {
                "name": each.name,
                "emoji": each.emoji,
                "picture": _url(pictures.get(each.picture)) if each.picture else None,
                "description": each.description,
                "instructions": each.instructions,
                "tier": each.tier,
                "tools": each.tools,
                "temperature": each.temperature,
                "suggestions": each.suggestions,
                "active": each.active,
            }
            for each in await repository.own(session, user_id)
        ],
    }


def _url(data: bytes | None) -> str | None:
    """A picture as a URL that holds all of it."""
    return f"data:{TYPE};base64,{b64encode(data).decode()}" if data else None
