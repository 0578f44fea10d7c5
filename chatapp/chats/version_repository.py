"""The SQL of versions: messages beside one another, of which one is shown. The owner is named."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Boolean, CursorResult, Executable, and_, bindparam, or_, update
from sqlalchemy import select as columns
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.chats.models import Chat, Message
from chatapp.database import core
from chatapp.statement import Statement


async def versions(
    session: AsyncSession, user_id: UUID, chat_id: UUID, messages: Sequence[Message]
) -> dict[UUID, list[UUID]]:
    """Those of a branch's messages that have others beside them: each with all, oldest first."""
    parents = {message.parent_id for message in messages}
    found = await _BESIDE.all(
        session,
        user_id=user_id,
        chat_id=chat_id,
        parents=[parent for parent in parents if parent],
        first=None in parents,
    )
    beside: dict[UUID | None, list[UUID]] = {}
    for message_id, parent_id in found:
        beside.setdefault(parent_id, []).append(message_id)
    all_of = {message.id: beside.get(message.parent_id, []) for message in messages}
    return {message_id: ids for message_id, ids in all_of.items() if len(ids) > 1}


def _beside() -> Executable:
    messages = core(Message)
    follows = messages.c.parent_id.in_(bindparam("parents", expanding=True))
    first = and_(bindparam("first", type_=Boolean()), messages.c.parent_id.is_(None))
    return (
        columns(messages.c.id, messages.c.parent_id)
        .where(
            messages.c.user_id == bindparam("user_id"),
            messages.c.chat_id == bindparam("chat_id"),
            or_(follows, first),
        )
        .order_by(messages.c.created_at, messages.c.id)
    )


_BESIDE: Statement[tuple[UUID, UUID | None]] = Statement(_beside)


async def newest_leaf(session: AsyncSession, user_id: UUID, message_id: UUID) -> UUID | None:
    """The end of the branch through a message in which was written last."""
    owner = col(Message.user_id) == user_id
    below = (
        select(Message.id, Message.created_at)
        .where(Message.id == message_id, owner)
        .cte("below", recursive=True)
    )
    below = below.union_all(
        select(Message.id, Message.created_at)
        .join(below, col(Message.parent_id) == below.c.id)
        .where(owner)
    )
    # What was written last has no replies.
    last = select(below.c.id).order_by(below.c.created_at.desc(), below.c.id.desc())
    return (await session.exec(last.limit(1))).first()


async def show(session: AsyncSession, user_id: UUID, chat_id: UUID, leaf_id: UUID) -> bool:
    """Let a chat show the branch that ends in a message. False: there is no such chat."""
    result = await session.exec(
        update(Chat)
        .where(col(Chat.id) == chat_id, col(Chat.user_id) == user_id)
        .where(col(Chat.deleted_at).is_(None))
        .values(leaf_id=leaf_id)
    )
    return isinstance(result, CursorResult) and result.rowcount > 0
