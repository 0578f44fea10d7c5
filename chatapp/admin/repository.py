"""How much there is. Nothing here reads what people wrote."""

from dataclasses import dataclass

from sqlalchemy import case, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.accounts.models import User, UserStatus
from chatapp.chats.models import Chat, Message, Role


@dataclass(frozen=True, slots=True)
class Totals:
    """How much there is."""

    people: int
    waiting: int
    chats: int
    questions: int


async def totals(session: AsyncSession) -> Totals:
    """Count it all, which takes its time where there is much: for the command line."""
    waiting = func.count(case((col(User.status) == UserStatus.PENDING, 1)))
    people = (await session.exec(select(func.count(), waiting).select_from(User))).one()
    chats = (await session.exec(select(func.count()).select_from(Chat))).one()
    asked = select(func.count()).select_from(Message).where(Message.role == Role.QUESTION)
    return Totals(people[0], people[1], chats, (await session.exec(asked)).one())
