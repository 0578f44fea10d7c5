"""What admins look up. Nothing here reads what people wrote."""

from dataclasses import dataclass

from sqlalchemy import case, func
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.accounts.models import User, UserStatus
from chatapp.chats.models import Chat, Message, Role

_ESCAPE = "\\"


@dataclass(frozen=True, slots=True)
class Totals:
    """How much there is."""

    people: int
    waiting: int
    chats: int
    questions: int


async def totals(session: AsyncSession) -> Totals:
    """How many people, chats and questions there are."""
    people = (
        await session.exec(
            select(
                func.count(), func.count(case((col(User.status) == UserStatus.PENDING, 1)))
            ).select_from(User)
        )
    ).one()
    chats = (await session.exec(select(func.count()).select_from(Chat))).one()
    questions = await session.exec(
        select(func.count()).select_from(Message).where(Message.role == Role.QUESTION)
    )
    return Totals(people[0], people[1], chats, questions.one())


async def people(session: AsyncSession, search: str, offset: int, limit: int) -> list[User]:
    """People whose e-mail or name holds a text: those who wait first, then the newest."""
    query = select(User)
    if search:
        text = search.casefold()
        for special in (_ESCAPE, "%", "_"):
            text = text.replace(special, _ESCAPE + special)
        pattern = f"%{text}%"
        query = query.where(
            or_(
                col(User.email).like(pattern, escape=_ESCAPE),
                func.lower(User.name).like(pattern, escape=_ESCAPE),
            )
        )
    waiting_first = case((col(User.status) == UserStatus.PENDING, 0), else_=1)
    found = await session.exec(
        query.order_by(waiting_first, col(User.created_at).desc(), col(User.id))
        .offset(offset)
        .limit(limit)
    )
    return list(found.all())
