"""What the settings page shows of what answers may know about a person."""

from typing import Any, TypedDict
from uuid import UUID

import reflex as rx

from chatapp.accounts.guard import current_user
from chatapp.agents import persona
from chatapp.agents.models import Author
from chatapp.agents.persona import NotKept
from chatapp.ui.store import push

SAVED = "Saved. It counts from the next question on."


class MemoryView(TypedDict):
    """One entry of the memory."""

    id: str
    text: str
    noted: bool
    """Whether a model has written it."""
    at: str


class PersonaView(TypedDict):
    """What a person has written, and what is remembered."""

    about: str
    style: str
    remembers: bool
    memories: list[MemoryView]
    room: int
    """How many entries there may still be."""


class PersonaState(rx.State):
    """The sections about what answers may know. They hold nothing."""

    @rx.event
    async def load(self) -> None:
        """Show what was written and what is remembered."""
        await push({"persona:said": "", "memory:said": ""})
        await _show()

    @rx.event
    async def save(self, form: dict[str, Any]) -> None:
        """Keep what answers should know and how they should sound."""
        words = SAVED
        try:
            about, style = str(form.get("about") or ""), str(form.get("style") or "")
            await persona.write(current_user().id, about, style)
        except NotKept as refusal:
            words = str(refusal)
        await push({"persona:said": words})

    @rx.event
    async def set_remembers(self, remembers: bool) -> None:
        """Switch the memory on or off."""
        await persona.set_remembers(current_user().id, remembers)
        await _show()

    @rx.event
    async def add(self, form: dict[str, Any]) -> None:
        """Add an entry to the memory."""
        words, text = "", str(form.get("text") or "")
        try:
            await persona.remember(current_user().id, text)
        except NotKept as refusal:
            words = str(refusal)
        await push({"memory:said": words, "memory:typed": text if words else ""})
        await _show()

    @rx.event
    async def rewrite(self, form: dict[str, Any]) -> None:
        """Change an entry."""
        words = ""
        try:
            memory_id = UUID(str(form.get("id")))
            await persona.rewrite(current_user().id, memory_id, str(form.get("text") or ""))
        except NotKept as refusal:
            words = str(refusal)
        except ValueError:
            return
        await push({"memory:said": words})
        await _show()

    @rx.event
    async def delete(self, memory_id: UUID) -> None:
        """Forget an entry."""
        await persona.delete(current_user().id, memory_id)
        await push({"memory:said": ""})
        await _show()

    @rx.event
    async def delete_all(self) -> None:
        """Forget all entries."""
        await persona.delete_all(current_user().id)
        await push({"memory:said": ""})
        await _show()


async def _show() -> None:
    written, entries = await persona.persona(current_user().id)
    view: PersonaView = {
        "about": written.about,
        "style": written.style,
        "remembers": written.remembers,
        "memories": [
            {
                "id": str(entry.id),
                "text": entry.text,
                "noted": entry.author == Author.MODEL,
                "at": f"{entry.created_at:%d %b %Y}",
            }
            for entry in entries
        ],
        "room": persona.MOST_ENTRIES - len(entries),
    }
    await push({"persona": view})
