"""All SQL of chats. Every query names the owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Integer,
    Uuid,
    and_,
    bindparam,
    delete,
    literal,
    true,
    update,
)
from sqlalchemy import select as columns
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from chatapp.chats.models import Chat, Message, Status
from chatapp.database import core, rows_of


async def chat(
    session: AsyncSession, user_id: UUID, chat_id: UUID, *, lock: bool = False
) -> Chat | None:
    """A chat of this person that is not deleted; locked, others who want the lock wait."""
    found = await session.exec(_chat(lock), params={"chat_id": chat_id, "user_id": user_id})
    return found.first()


# What every question needs is built once: it is dear to build, and always the same.


@cache
def _chat(lock: bool) -> SelectOfScalar[Chat]:
    query = rows_of(Chat).where(
        col(Chat.id) == bindparam("chat_id", type_=Uuid()),
        col(Chat.user_id) == bindparam("user_id", type_=Uuid()),
        col(Chat.deleted_at).is_(None),
    )
    return query.with_for_update() if lock else query


async def latest_chats(session: AsyncSession, user_id: UUID, limit: int) -> Sequence[Chat]:
    """The chats of this person that were used last, newest first."""
    found = await session.exec(
        rows_of(Chat)
        .where(Chat.user_id == user_id, col(Chat.deleted_at).is_(None))
        .order_by(col(Chat.updated_at).desc(), col(Chat.id).desc())
        .limit(limit)
    )
    return found.all()


async def rename(session: AsyncSession, user_id: UUID, chat_id: UUID, title: str) -> bool:
    """Give a chat another title. False: there is no such chat."""
    return await _changed(
        session,
        update(Chat)
        .where(col(Chat.id) == chat_id, col(Chat.user_id) == user_id)
        .where(col(Chat.deleted_at).is_(None))
        .values(title=title),
    )


async def set_agent(
    session: AsyncSession, user_id: UUID, chat_id: UUID, agent_id: UUID | None
) -> bool:
    """Let another agent answer in a chat, or none. False: there is no such chat."""
    return await _changed(
        session,
        update(Chat)
        .where(col(Chat.id) == chat_id, col(Chat.user_id) == user_id)
        .where(col(Chat.deleted_at).is_(None))
        .values(agent_id=agent_id),
    )


async def set_unseen(session: AsyncSession, user_id: UUID, chat_id: UUID, *, unseen: bool) -> bool:
    """Mark a chat as holding something new, or as looked at. False: it was so already."""
    chats = core(Chat)
    return await _changed(
        session,
        update(chats)
        .where(chats.c.id == chat_id, chats.c.user_id == user_id, chats.c.unseen.is_(not unseen))
        .values(unseen=unseen),
    )


async def go_on(
    session: AsyncSession, user_id: UUID, chat_id: UUID, leaf_id: UUID, moment: datetime
) -> bool:
    """Let a chat end in another message from now on. False: there is no such chat."""
    chats = core(Chat)
    return await _changed(
        session,
        update(chats)
        .where(chats.c.id == chat_id, chats.c.user_id == user_id)
        .values(leaf_id=leaf_id, updated_at=moment),
    )


async def set_deleted(
    session: AsyncSession, user_id: UUID, chat_id: UUID, moment: datetime | None
) -> bool:
    """Hide a chat, or bring it back with ``None``. False: nothing to change."""
    was = col(Chat.deleted_at).is_(None) if moment else col(Chat.deleted_at).is_not(None)
    return await _changed(
        session,
        update(Chat)
        .where(col(Chat.id) == chat_id, col(Chat.user_id) == user_id, was)
        .values(deleted_at=moment),
    )


async def purge_deleted(session: AsyncSession, before: datetime) -> None:
    """Remove for good what anybody deleted before that moment."""
    gone = select(Chat.id).where(col(Chat.deleted_at) < before)
    # Untied first: SQLite follows at most a thousand replies to replies.
    await session.exec(update(Message).where(col(Message.chat_id).in_(gone)).values(parent_id=None))
    await session.exec(delete(Chat).where(col(Chat.deleted_at) < before))


async def message(session: AsyncSession, user_id: UUID, message_id: UUID) -> Message | None:
    """A message of this person in a chat that is not deleted."""
    found = await session.exec(
        rows_of(Message)
        .join(Chat, col(Chat.id) == col(Message.chat_id))
        .where(
            Message.id == message_id,
            Message.user_id == user_id,
            Chat.user_id == user_id,
            col(Chat.deleted_at).is_(None),
        )
    )
    return found.first()


async def by_client_id(session: AsyncSession, user_id: UUID, client_id: UUID) -> Message | None:
    """What was sent with this id before: a question, or the wish for another answer."""
    found = await session.exec(
        rows_of(Message).where(Message.user_id == user_id, Message.client_id == client_id)
    )
    return found.first()


async def in_the_way(
    session: AsyncSession, user_id: UUID, client_id: UUID, chat_id: UUID | None
) -> list[Message]:
    """What one who asks meets: what was sent with this id before, an answer that still comes."""
    found = await session.exec(
        _in_the_way(), params={"user_id": user_id, "client_id": client_id, "chat_id": chat_id}
    )
    return list(found.all())


@cache
def _in_the_way() -> SelectOfScalar[Message]:
    coming = and_(
        col(Message.chat_id) == bindparam("chat_id", type_=Uuid()),
        col(Message.status).in_([Status.QUEUED, Status.STREAMING]),
    )
    sent = col(Message.client_id) == bindparam("client_id", type_=Uuid())
    owner = col(Message.user_id) == bindparam("user_id", type_=Uuid())
    return select(Message).where(owner, or_(sent, coming))


async def first_child(session: AsyncSession, user_id: UUID, parent_id: UUID) -> Message | None:
    """The oldest reply to a message."""
    found = await session.exec(
        rows_of(Message)
        .where(Message.user_id == user_id, Message.parent_id == parent_id)
        .order_by(col(Message.created_at), col(Message.id))
        .limit(1)
    )
    return found.first()


@dataclass(frozen=True, slots=True)
class Found:
    """A message that a search has found, with its chat."""

    chat_id: UUID
    title: str
    at: datetime
    role: str
    text: str


async def found(
    session: AsyncSession, user_id: UUID, words: Sequence[str], limit: int, but: UUID | None
) -> list[Found]:
    """The newest messages of this person that hold all the words, or whose chat's title does.

    Args:
        session: for reading.
        user_id: whose.
        words: as people write them; upper and lower case are the same.
        limit: how many messages.
        but: a chat that is left out.
    """
    told: list[Any] = [Chat.id, Chat.title, Message.created_at, Message.role, Message.text]
    query = (
        columns(*told)
        .join(Message, col(Message.chat_id) == col(Chat.id))
        .where(
            col(Chat.user_id) == user_id,
            col(Message.user_id) == user_id,
            col(Chat.deleted_at).is_(None),
            col(Chat.id) != but if but else true(),
            *(_holds(word) for word in words),
        )
        .order_by(col(Message.created_at).desc(), col(Message.id))
        .limit(limit)
    )
    return [Found(*row) for row in await session.exec(cast("SelectOfScalar[Any]", query))]


def _holds(word: str) -> ColumnElement[bool]:
    # SQLite folds the case of ASCII letters only: others are looked for in the usual forms.
    forms = dict.fromkeys([word, word.lower(), word.upper(), word.capitalize()])
    return or_(
        *(
            column.icontains(form, autoescape=True)
            for form in forms
            for column in (col(Message.text), col(Chat.title))
        )
    )


async def running(session: AsyncSession, user_id: UUID, chat_id: UUID) -> Message | None:
    """The answer of a chat that is still coming, if there is one."""
    found = await session.exec(
        rows_of(Message).where(
            Message.chat_id == chat_id,
            Message.user_id == user_id,
            col(Message.status).in_((Status.QUEUED, Status.STREAMING)),
        )
    )
    return found.first()


async def path(
    session: AsyncSession, user_id: UUID, leaf_id: UUID | None, limit: int
) -> list[Message]:
    """The last messages of the branch that ends in ``leaf_id``, oldest first.

    Walks up from the leaf, so that it costs the page and not the chat.
    """
    if leaf_id is None:
        return []
    found = await session.exec(
        _path(), params={"user_id": user_id, "leaf_id": leaf_id, "limit": limit}
    )
    return list(found.all())


@cache
def _path() -> SelectOfScalar[Message]:
    owner = col(Message.user_id) == bindparam("user_id", type_=Uuid())
    steps = (
        select(Message.id, Message.parent_id, literal(1).label("depth"))
        .where(col(Message.id) == bindparam("leaf_id", type_=Uuid()), owner)
        .cte("steps", recursive=True)
    )
    steps = steps.union_all(
        select(Message.id, Message.parent_id, steps.c.depth + 1)
        .join(steps, col(Message.id) == steps.c.parent_id)
        .where(owner, steps.c.depth < bindparam("limit", type_=Integer()))
    )
    found = rows_of(Message).join(steps, col(Message.id) == steps.c.id)
    return found.order_by(steps.c.depth.desc())


async def _changed(session: AsyncSession, statement: object) -> bool:
    result = await session.exec(statement)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return isinstance(result, CursorResult) and result.rowcount > 0
