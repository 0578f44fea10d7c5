"""All SQL of chats. Every query names the owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    CursorResult,
    Executable,
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
from chatapp.statement import Statement


async def chat(
    session: AsyncSession, user_id: UUID, chat_id: UUID, *, lock: bool = False
) -> Chat | None:
    """A chat of this person that is not deleted; locked, others who want the lock wait."""
    which = _LOCKED_CHAT if lock else _CHAT
    return await which.first(session, chat_id=chat_id, user_id=user_id)


def _chat(*, lock: bool) -> Executable:
    chats = core(Chat)
    query = columns(*chats.c).where(
        chats.c.id == bindparam("chat_id"),
        chats.c.user_id == bindparam("user_id"),
        chats.c.deleted_at.is_(None),
    )
    return query.with_for_update() if lock else query


_CHAT: Statement[Chat] = Statement(lambda: _chat(lock=False))
_LOCKED_CHAT: Statement[Chat] = Statement(lambda: _chat(lock=True))


async def latest_chats(session: AsyncSession, user_id: UUID, limit: int) -> Sequence[Chat]:
    """The chats of this person that were used last, newest first."""
    return await _LATEST.all(session, user_id=user_id, limit=limit)


def _latest() -> Executable:
    chats = core(Chat)
    return (
        columns(*chats.c)
        .where(chats.c.user_id == bindparam("user_id"), chats.c.deleted_at.is_(None))
        .order_by(chats.c.updated_at.desc(), chats.c.id.desc())
        .limit(bindparam("limit", type_=Integer()))
    )


_LATEST: Statement[Chat] = Statement(_latest)


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
    return await _SET_UNSEEN.change(session, of=chat_id, owner=user_id, now=unseen) > 0


def _set_unseen() -> Executable:
    chats = core(Chat)
    now = bindparam("now", type_=Boolean())
    mine = chats.c.id == bindparam("of"), chats.c.user_id == bindparam("owner")
    return update(chats).where(*mine, chats.c.unseen != now).values(unseen=now)


_SET_UNSEEN: Statement[Any] = Statement(_set_unseen)


async def go_on(
    session: AsyncSession, user_id: UUID, chat_id: UUID, leaf_id: UUID, moment: datetime
) -> bool:
    """Let a chat end in another message from now on. False: there is no such chat."""
    values = {"of": chat_id, "owner": user_id, "leaf": leaf_id, "moment": moment}
    return await _GO_ON.change(session, **values) > 0


def _go_on() -> Executable:
    chats = core(Chat)
    mine = chats.c.id == bindparam("of"), chats.c.user_id == bindparam("owner")
    end = {"leaf_id": bindparam("leaf"), "updated_at": bindparam("moment")}
    return update(chats).where(*mine).values(end)


_GO_ON: Statement[Any] = Statement(_go_on)


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
    return await _MESSAGE.first(session, message_id=message_id, user_id=user_id)


def _message() -> Executable:
    messages, chats = core(Message), core(Chat)
    owner = bindparam("user_id", type_=Uuid())
    return (
        columns(*messages.c)
        .join(chats, chats.c.id == messages.c.chat_id)
        .where(
            messages.c.id == bindparam("message_id"),
            messages.c.user_id == owner,
            chats.c.user_id == owner,
            chats.c.deleted_at.is_(None),
        )
    )


_MESSAGE: Statement[Message] = Statement(_message)


async def by_client_id(session: AsyncSession, user_id: UUID, client_id: UUID) -> Message | None:
    """What was sent with this id before: a question, or the wish for another answer."""
    found = await session.exec(
        rows_of(Message).where(Message.user_id == user_id, Message.client_id == client_id)
    )
    return found.first()


async def in_the_way(
    session: AsyncSession, user_id: UUID, client_id: UUID, chat_id: UUID | None
) -> tuple[Chat | None, list[Message]]:
    """A chat of this person, locked, and what one who asks in it meets.

    That is what was sent with this id before, and an answer that still comes. The lock is first:
    whoever waits for it sees what has come meanwhile.
    """
    chat = _LOCKED_CHAT.later(session, chat_id=chat_id, user_id=user_id) if chat_id else None
    values = {"user_id": user_id, "client_id": client_id, "chat_id": chat_id}
    met = await _IN_THE_WAY.all(session, **values, coming=[Status.QUEUED, Status.STREAMING])
    return chat.first if chat else None, met


def _in_the_way() -> Executable:
    messages = core(Message)
    coming = and_(
        messages.c.chat_id == bindparam("chat_id"),
        messages.c.status.in_(bindparam("coming", expanding=True)),
    )
    sent = messages.c.client_id == bindparam("client_id")
    owner = messages.c.user_id == bindparam("user_id")
    return columns(*messages.c).where(owner, or_(sent, coming))


_IN_THE_WAY: Statement[Message] = Statement(_in_the_way)


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
    return await _PATH.all(session, user_id=user_id, leaf_id=leaf_id, limit=limit)


def _path() -> Executable:
    messages = core(Message)
    owner = messages.c.user_id == bindparam("user_id")
    steps = (
        columns(messages.c.id, messages.c.parent_id, literal(1).label("depth"))
        .where(messages.c.id == bindparam("leaf_id"), owner)
        .cte("steps", recursive=True)
    )
    steps = steps.union_all(
        columns(messages.c.id, messages.c.parent_id, steps.c.depth + 1)
        .join(steps, messages.c.id == steps.c.parent_id)
        .where(owner, steps.c.depth < bindparam("limit", type_=Integer()))
    )
    found = columns(*messages.c).join(steps, messages.c.id == steps.c.id)
    return found.order_by(steps.c.depth.desc())


_PATH: Statement[Message] = Statement(_path)


async def _changed(session: AsyncSession, statement: object) -> bool:
    result = await session.exec(statement)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return isinstance(result, CursorResult) and result.rowcount > 0
