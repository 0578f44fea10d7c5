"""All SQL over everything that is one person's. Each function names the person."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp import audit
from chatapp.accounts.models import Group, LoginSession, Membership, OneTimeLink, OwnKey, User
from chatapp.answers.models import Answer, AnswerStep
from chatapp.audit.models import AuditNote
from chatapp.chats.models import Chat, Message
from chatapp.database import new_id, rows_of
from chatapp.limits.models import LimitOverride, ProviderAttempt, UsageDay, UsedPeriod


async def user(session: AsyncSession, user_id: UUID) -> User | None:
    """The person."""
    return (await session.exec(rows_of(User).where(col(User.id) == user_id))).first()


async def groups(session: AsyncSession, user_id: UUID) -> Sequence[str]:
    """The names of the groups that a person is in."""
    found = await session.exec(
        select(Group.name).join(Membership).where(col(Membership.user_id) == user_id)
    )
    return found.all()


async def sessions(session: AsyncSession, user_id: UUID) -> Sequence[LoginSession]:
    """Where a person is signed in."""
    query = rows_of(LoginSession).where(col(LoginSession.user_id) == user_id)
    return (await session.exec(query)).all()


async def own_keys(session: AsyncSession, user_id: UUID) -> Sequence[OwnKey]:
    """The person's own keys; what they are stays sealed."""
    return (await session.exec(rows_of(OwnKey).where(col(OwnKey.user_id) == user_id))).all()


async def limits(session: AsyncSession, user_id: UUID) -> Sequence[LimitOverride]:
    """The limits that a person has alone."""
    query = rows_of(LimitOverride).where(col(LimitOverride.user_id) == user_id)
    return (await session.exec(query)).all()


async def usage(session: AsyncSession, user_id: UUID) -> Sequence[UsageDay]:
    """What a person has used, by day and model."""
    query = rows_of(UsageDay).where(col(UsageDay.user_id) == user_id)
    return (await session.exec(query.order_by(col(UsageDay.day)))).all()


async def notes(session: AsyncSession, user_id: UUID) -> Sequence[AuditNote]:
    """What the audit has about a person; what the person did to others is not theirs alone."""
    query = rows_of(AuditNote).where(col(AuditNote.subject) == audit.of_person(user_id))
    return (await session.exec(query.order_by(col(AuditNote.at)))).all()


async def chats(
    session: AsyncSession, user_id: UUID, after: UUID | None, limit: int
) -> Sequence[Chat]:
    """A person's chats from one on, in the order in which they were begun, also deleted ones."""
    query = rows_of(Chat).where(col(Chat.user_id) == user_id)
    if after:
        query = query.where(col(Chat.id) > after)
    return (await session.exec(query.order_by(col(Chat.id)).limit(limit))).all()


async def messages(
    session: AsyncSession, user_id: UUID, chat_id: UUID
) -> Sequence[tuple[Message, Answer | None]]:
    """The messages of a person's chat, all branches of it, with what is known of each answer."""
    written = await session.exec(
        rows_of(Message)
        .where(col(Message.chat_id) == chat_id, col(Message.user_id) == user_id)
        .order_by(col(Message.created_at), col(Message.id))
    )
    made = await session.exec(
        rows_of(Answer).where(col(Answer.chat_id) == chat_id, col(Answer.user_id) == user_id)
    )
    answers = {answer.id: answer for answer in made}
    return [(message, answers.get(message.id)) for message in written]


async def steps(session: AsyncSession, user_id: UUID, chat_id: UUID) -> Sequence[AnswerStep]:
    """What the answers of a person's chat did besides writing, in order."""
    query = rows_of(AnswerStep).join(Answer, col(Answer.id) == col(AnswerStep.answer_id))
    query = query.where(col(Answer.chat_id) == chat_id, col(AnswerStep.user_id) == user_id)
    return (await session.exec(query.order_by(col(AnswerStep.number)))).all()


async def withdraw_offer(session: AsyncSession, user_id: UUID) -> None:
    """The person has got the copy that was offered."""
    await session.exec(update(User).where(col(User.id) == user_id).values(export_offered_at=None))


async def erase(session: AsyncSession, user_id: UUID) -> None:
    """Remove a person and all that is theirs; the ledger is kept without the person.

    What was used goes on under an id that was made for this and is noted nowhere.
    """
    nobody = new_id()
    for table in (ProviderAttempt, UsageDay):
        named: Any = table
        await session.exec(
            update(table).where(col(named.user_id) == user_id).values(user_id=nobody)
        )
    await session.exec(delete(UsedPeriod).where(col(UsedPeriod.user_id) == user_id))
    invited = select(User.email).where(User.id == user_id).scalar_subquery()
    await session.exec(
        delete(OneTimeLink).where(
            or_(col(OneTimeLink.used_by) == user_id, col(OneTimeLink.email) == invited)
        )
    )
    # By hand before the person goes: the database would look for each message's children alone.
    await session.exec(delete(Answer).where(col(Answer.user_id) == user_id))
    await session.exec(delete(Message).where(col(Message.user_id) == user_id))
    await session.exec(delete(Chat).where(col(Chat.user_id) == user_id))
    # All else of a person hangs on the person, and goes with it.
    await session.exec(delete(User).where(col(User.id) == user_id))
