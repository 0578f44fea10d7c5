"""What answers may know about a person: instructions of their own, and a memory that they keep.

Both go into the prompts of their person and of nobody else, and whatever was answered with them is
given again to that person only.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.agents import persona_repository as repository
from chatapp.agents.models import Author, Memory, Persona
from chatapp.broadcast import listening, tell
from chatapp.chats.text import storable
from chatapp.database import reading, transaction

CHANNEL = "chatapp:personas"

LONGEST_TEXT = 1_500
"""The length, in characters, of each of the two texts."""

LONGEST_ENTRY = 200
"""The length, in characters, of an entry of the memory."""

MOST_ENTRIES = 50

EMPTY = "Write what is to be remembered first."
LONG_ENTRY = f"An entry has at most {LONGEST_ENTRY} characters. Please make it shorter."
LONG_TEXT = f"Each of the two texts has at most {LONGEST_TEXT:,} characters. Nothing was saved."
FULL = f"The memory is full: it holds {MOST_ENTRIES} entries. Delete one that is no longer needed."
KNOWN = "That is remembered already."
OFF = "The memory is switched off."


class NotKept(Exception):
    """Something that is not remembered. ``str()`` of it says why, in plain words."""


@dataclass(frozen=True, slots=True)
class Context:
    """What goes into a person's prompts."""

    text: str = ""
    """As the model reads it; empty: nothing."""
    remembers: bool = False
    """Whether the memory may grow."""


async def context_of(session: AsyncSession, user_id: UUID) -> Context:
    """What goes into a person's prompts. It asks nobody for who has written nothing."""
    if user_id not in _known():
        return Context()
    found = await repository.read(session, user_id)
    if found is None:
        return Context()
    persona, entries = found
    return Context(_told(persona, entries if persona.remembers else []), persona.remembers)


def _told(persona: Persona, entries: Sequence[str]) -> str:
    parts = []
    if persona.about:
        parts.append(f"What the person whom you answer says about themselves:\n{persona.about}")
    if persona.style:
        parts.append(f"How the person wants answers to sound:\n{persona.style}")
    if entries:
        listed = "\n".join(f"- {entry}" for entry in entries)
        parts.append(
            f"What you remember of the person (notes; use them where they help):\n{listed}"
        )
    return "\n\n".join(parts)


async def persona(user_id: UUID) -> tuple[Persona, Sequence[Memory]]:
    """What a person has written, and all that is remembered, oldest first."""
    async with reading() as session:
        written = await repository.persona(session, user_id)
        entries = await repository.memories(session, user_id)
    return written or Persona(user_id=user_id), entries


async def write(user_id: UUID, about: str, style: str) -> None:
    """Keep what answers should know and how they should sound; empty: no longer.

    Raises:
        NotKept: a text is too long.
    """
    texts = storable(about).strip(), storable(style).strip()
    if max(map(len, texts)) > LONGEST_TEXT:
        raise NotKept(LONG_TEXT)
    async with transaction() as session:
        await repository.set_persona(session, user_id, about=texts[0], style=texts[1])
    await _changed(user_id)


async def set_remembers(user_id: UUID, remembers: bool) -> None:
    """Switch the memory on or off; what is in it stays until it is deleted."""
    async with transaction() as session:
        await repository.set_persona(session, user_id, remembers=remembers)
    await _changed(user_id)


async def remember(user_id: UUID, text: str, author: Author = Author.PERSON) -> str:
    """Add an entry to the memory; returns it as it was kept.

    Raises:
        NotKept: it is empty, too long or known, the memory is full, or off for who is not the
            person.
    """
    entry = " ".join(storable(text).split())
    if not entry:
        raise NotKept(EMPTY)
    if len(entry) > LONGEST_ENTRY:
        raise NotKept(LONG_ENTRY)
    async with transaction() as session:
        # Locked: two at once are counted one after the other.
        written = await repository.locked(session, user_id)
        if author is Author.MODEL and not written.remembers:
            raise NotKept(OFF)
        there = await repository.memories(session, user_id)
        if any(each.text.casefold() == entry.casefold() for each in there):
            raise NotKept(KNOWN)
        if len(there) >= MOST_ENTRIES:
            raise NotKept(FULL)
        session.add(Memory(user_id=user_id, text=entry, author=author))
    await _changed(user_id)
    return entry


async def rewrite(user_id: UUID, memory_id: UUID, text: str) -> bool:
    """Change an entry. False: there is none such of this person.

    Raises:
        NotKept: it is empty or too long.
    """
    entry = " ".join(storable(text).split())
    if not entry:
        raise NotKept(EMPTY)
    if len(entry) > LONGEST_ENTRY:
        raise NotKept(LONG_ENTRY)
    async with transaction() as session:
        return await repository.rewrite(session, user_id, memory_id, entry)


async def delete(user_id: UUID, memory_id: UUID) -> bool:
    """Forget one entry. False: there is none such of this person."""
    async with transaction() as session:
        return await repository.delete_memory(session, user_id, memory_id)


async def delete_all(user_id: UUID) -> None:
    """Forget all entries."""
    async with transaction() as session:
        await repository.delete_memories(session, user_id)


def following() -> AbstractAsyncContextManager[None]:
    """Know who has written something: nobody else is looked up for each answer."""
    return listening(CHANNEL, _heard, load)


async def load() -> None:
    """Look up who has written something."""
    async with reading() as session:
        found = await repository.writers(session)
    known = _known()
    known.clear()
    known.update(found)


@cache
def _known() -> set[UUID]:
    return set()


async def _heard(message: bytes) -> None:
    _known().add(UUID(message.decode()))


async def _changed(user_id: UUID) -> None:
    # Who has emptied it all again is looked up in vain until the next sweep.
    _known().add(user_id)
    await tell(CHANNEL, str(user_id))
