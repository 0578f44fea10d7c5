"""What people do with their chats besides asking in them."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from chatapp.chats import repository, version_repository
from chatapp.chats.models import Chat, Message
from chatapp.chats.text import storable
from chatapp.database import now, reading, transaction

PAGE = 30
"""How many messages of a chat are loaded at once."""

SIDEBAR = 60
"""How many chats the sidebar shows before one asks for more."""

PURGE_PATIENCE = 600.0
"""How long, in seconds, clearing away may take."""

KEPT_DELETED = timedelta(days=1)
"""How long a deleted chat can be brought back."""

TITLE_LIMIT = 200


class NotFound(Exception):
    """There is no such thing, or it belongs to somebody else: the reply is the same."""


@dataclass(frozen=True, slots=True)
class Page:
    """The end of a chat's shown branch, oldest message first."""

    chat: Chat
    messages: list[Message]
    earlier: bool
    """Whether there are messages before these."""
    versions: dict[UUID, list[UUID]] = field(default_factory=dict)
    """Messages of these that have others beside them, with all of those, oldest first."""


async def open_chat(user_id: UUID, chat_id: UUID, count: int = PAGE) -> Page:
    """The last ``count`` messages of a chat.

    Raises:
        NotFound: no such chat of this person.
    """
    async with reading() as session:
        chat = await repository.chat(session, user_id, chat_id)
        if chat is None:
            raise NotFound
        path = await repository.path(session, user_id, chat.leaf_id, count + 1)
        messages = path[-count:]
        versions = await version_repository.versions(session, user_id, chat_id, messages)
    return Page(chat, messages, len(path) > count, versions)


async def latest_chats(user_id: UUID, count: int = SIDEBAR) -> tuple[list[Chat], bool]:
    """The chats used last, newest first, and whether there are more."""
    async with reading() as session:
        chats = await repository.latest_chats(session, user_id, count + 1)
    return list(chats[:count]), len(chats) > count


async def rename(user_id: UUID, chat_id: UUID, title: str) -> None:
    """Give a chat another title; an empty one changes nothing.

    Raises:
        NotFound: no such chat of this person.
    """
    clean = " ".join(storable(title).split())[:TITLE_LIMIT]
    if not clean:
        return
    async with transaction() as session:
        if not await repository.rename(session, user_id, chat_id, clean):
            raise NotFound


async def look_at(user_id: UUID, chat_id: UUID) -> bool:
    """Note that a person has seen a chat. False: there was nothing new in it."""
    async with transaction() as session:
        return await repository.set_unseen(session, user_id, chat_id, unseen=False)


async def delete(user_id: UUID, chat_id: UUID) -> None:
    """Delete a chat; it can be brought back for ``KEPT_DELETED``.

    Raises:
        NotFound: no such chat of this person.
    """
    async with transaction() as session:
        if not await repository.set_deleted(session, user_id, chat_id, now()):
            raise NotFound


async def restore(user_id: UUID, chat_id: UUID) -> None:
    """Bring a deleted chat back.

    Raises:
        NotFound: no such deleted chat of this person.
    """
    async with transaction() as session:
        if not await repository.set_deleted(session, user_id, chat_id, None):
            raise NotFound


async def purge() -> None:
    """Remove for good what was deleted longer than ``KEPT_DELETED`` ago."""
    async with transaction(PURGE_PATIENCE) as session:
        await repository.purge_deleted(session, now() - KEPT_DELETED)
