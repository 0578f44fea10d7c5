"""All SQL of answers. A person's queries name the owner, a runner's name its epoch."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Executable, Uuid, bindparam, case, func, or_, update
from sqlalchemy import select as columns
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.agents.steps import Step
from chatapp.answers.models import Answer, Source
from chatapp.chats.models import Chat, Message, Status
from chatapp.database import core, now
from chatapp.statement import Statement


@dataclass(slots=True)
class Outcome:
    """How an answer ended. Times are in milliseconds since it was asked for."""

    status: Status
    text: str
    problem: str = ""
    answered_by: str = ""
    attempts: list[dict[str, Any]] = field(default_factory=list)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    asked_tokens: int = 0
    """About how many tokens the model was given."""
    context_from: UUID | None = None
    first_token_ms: int | None = None
    duration_ms: int | None = None
    ended_at: datetime | None = None
    """When it was written."""
    source: Source = Source.MODEL
    cached_at: datetime | None = None
    saved_prompt_tokens: int = 0
    saved_completion_tokens: int = 0
    cache_key: str = ""
    """Where it may be kept, so that it can be given again; empty: not at all."""
    thoughts: str = ""
    """The steps in one line."""
    unkept: list[Step] = field(default_factory=list)
    """Steps that are to be written with the end."""
    for_all: bool = False
    """Whether it would have ended so whoever asked: not by a stop and not by a fault of ours."""


async def details(
    session: AsyncSession, user_id: UUID, answer_ids: Sequence[UUID]
) -> dict[UUID, Answer]:
    """What is known of the making of these answers of a person."""
    if not answer_ids:
        return {}
    found = await _DETAILS.all(session, ids=list(answer_ids), user_id=user_id)
    return {answer.id: answer for answer in found}


def _details() -> Executable:
    answers = core(Answer)
    these = answers.c.id.in_(bindparam("ids", expanding=True))
    return columns(*answers.c).where(these, answers.c.user_id == bindparam("user_id"))


_DETAILS: Statement[Answer] = Statement(_details)


async def before(session: AsyncSession, user_id: UUID, question_id: UUID) -> Answer | None:
    """The answer after which a person asked a question."""
    return await _BEFORE.first(session, question_id=question_id, user_id=user_id)


def _before() -> Executable:
    answers, messages = core(Answer), core(Message)
    owner = bindparam("user_id", type_=Uuid())
    return (
        columns(*answers.c)
        .join(messages, messages.c.parent_id == answers.c.id)
        .where(
            messages.c.id == bindparam("question_id"),
            messages.c.user_id == owner,
            answers.c.user_id == owner,
        )
    )


_BEFORE: Statement[Answer] = Statement(_before)


async def asked_lately(
    session: AsyncSession, user_id: UUID, since: datetime, but: UUID, limit: int = 200
) -> Sequence[datetime]:
    """When a person has asked since a moment, newest first; what was never answered is left out."""
    found = await session.exec(
        select(Answer.queued_at)
        .where(
            Answer.user_id == user_id,
            col(Answer.queued_at) > since,
            col(Answer.id) != but,
            col(Answer.ended_at).is_(None) | col(Answer.first_token_ms).is_not(None),
        )
        .order_by(col(Answer.queued_at).desc())
        .limit(limit)
    )
    return found.all()


async def set_tier(session: AsyncSession, user_id: UUID, answer_id: UUID, tier: str) -> str | None:
    """Have a running answer of a person made by another tier; the process that runs it."""
    changed = await session.exec(
        update(Answer)
        .where(
            col(Answer.id) == answer_id,
            col(Answer.user_id) == user_id,
            col(Answer.ended_at).is_(None),
        )
        .values(tier=tier)
        .returning(col(Answer.runner))
    )
    return changed.scalar()


async def coming_of(session: AsyncSession, user_id: UUID) -> Sequence[Answer]:
    """The answers of a person that have not ended."""
    found = await session.exec(
        select(Answer).where(Answer.user_id == user_id, col(Answer.ended_at).is_(None))
    )
    return found.all()


async def runners(session: AsyncSession) -> dict[str, bool]:
    """The processes that have answers which have not ended, and whether one shall be stopped."""
    stopping = func.max(case((col(Answer.stopping), 1), else_=0))
    found = await session.exec(
        select(Answer.runner, stopping)
        .where(col(Answer.ended_at).is_(None))
        .group_by(col(Answer.runner))
    )
    return {runner: bool(some) for runner, some in found}


async def to_stop(session: AsyncSession, runner: str) -> Sequence[UUID]:
    """The answers of a process that shall be stopped."""
    found = await session.exec(
        select(Answer.id).where(
            Answer.runner == runner, col(Answer.ended_at).is_(None), col(Answer.stopping)
        )
    )
    return found.all()


async def want_stopped(session: AsyncSession, user_id: UUID, answer_id: UUID) -> bool:
    """Note that a person wants an answer stopped, whoever makes it by then. False: it has ended."""
    noted = await session.exec(
        update(Answer)
        .where(
            col(Answer.id) == answer_id,
            col(Answer.user_id) == user_id,
            col(Answer.ended_at).is_(None),
        )
        .values(stopping=True)
    )
    return noted.rowcount > 0


async def unfinished(
    session: AsyncSession, of: Sequence[str], but: Collection[UUID], limit: int = 1_000
) -> Sequence[tuple[Answer, UUID]]:
    """Answers of these processes that have not ended, each with its question, the oldest first."""
    found = await session.exec(
        select(Answer, col(Message.parent_id))
        .join(Message, col(Message.id) == col(Answer.id))
        .where(
            col(Answer.ended_at).is_(None),
            col(Answer.runner).in_(of),
            col(Answer.id).not_in(but),
            col(Message.parent_id).is_not(None),
        )
        .order_by(col(Answer.queued_at))
        .limit(limit)
    )
    return [(answer, question_id) for answer, question_id in found if question_id]


async def run_by(session: AsyncSession, runner: str, answer_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these answers a process still has."""
    found = await session.exec(
        select(Answer.id).where(Answer.runner == runner, col(Answer.id).in_(answer_ids))
    )
    return set(found)


async def release(session: AsyncSession, answer_id: UUID, epoch: int) -> None:
    """Let go of an answer, so that another process takes it over at once."""
    await session.exec(
        update(Answer)
        .where(col(Answer.id) == answer_id, col(Answer.epoch) == epoch)
        .values(runner="", handed_over=col(Answer.handed_over) + 1)
    )


async def begin(session: AsyncSession, answer_id: UUID, runner: str, epoch: int) -> bool:
    """Make a process the runner with the next epoch. False: another was quicker, or it ended.

    Once more by the same process is the same.
    """
    mine = (col(Answer.epoch) == epoch) & (col(Answer.runner) == runner)
    taken = await session.exec(
        update(Answer)
        .where(
            col(Answer.id) == answer_id,
            (col(Answer.epoch) == epoch - 1) | mine,
            col(Answer.ended_at).is_(None),
        )
        .values(runner=runner, epoch=epoch)
    )
    if taken.rowcount == 0:
        return False
    await session.exec(
        update(Message).where(col(Message.id) == answer_id).values(status=Status.STREAMING)
    )
    return True


async def finish(
    session: AsyncSession,
    chat_id: UUID,
    answer_id: UUID,
    epoch: int,
    outcome: Outcome,
    *,
    unseen: bool,
) -> bool:
    """Write an answer's end. False: it has ended already or a newer runner has it.

    What ends in a chat that is deleted meanwhile is not to be kept for others.

    Args:
        session: of a transaction.
        chat_id: the answer's chat.
        answer_id: the answer.
        epoch: the writer's.
        outcome: what is written.
        unseen: whether the chat is marked as holding something new.
    """
    outcome.ended_at = now()
    made = {name: getattr(outcome, name) for name in _ends_with()}
    if not await _END.change(session, **made, of=answer_id, by=epoch):
        return False
    _FILL.later(session, of=answer_id, status=outcome.status, text=outcome.text)
    if unseen or outcome.cache_key:
        # Locked: who deletes the chat now finds what was kept, or is found here.
        chat = await _MARK.first(session, of=chat_id, now=unseen)
        if chat and chat.deleted_at:
            outcome.cache_key = ""
    return True


@cache
def _ends_with() -> list[str]:
    """The columns that tell an answer's end."""
    columns = core(Answer).c
    return [each.name for each in fields(Outcome) if each.name in columns]


def _end() -> Executable:
    answers = core(Answer)
    return (
        update(answers)
        .where(answers.c.id == bindparam("of"), answers.c.epoch == bindparam("by"))
        .where(answers.c.ended_at.is_(None))
        .values({name: bindparam(name) for name in _ends_with()})
    )


def _fill() -> Executable:
    messages = core(Message)
    end = {name: bindparam(name) for name in ("status", "text")}
    return update(messages).where(messages.c.id == bindparam("of")).values(end)


def _mark() -> Executable:
    chats = core(Chat)
    return (
        update(chats)
        .where(chats.c.id == bindparam("of"))
        .values(unseen=or_(chats.c.unseen, bindparam("now", type_=Boolean())))
        .returning(chats.c.deleted_at)
    )


_END: Statement[Any] = Statement(_end)
_FILL: Statement[Any] = Statement(_fill)
_MARK: Statement[Chat] = Statement(_mark)


async def has_ended(session: AsyncSession, answer_id: UUID, epoch: int) -> bool:
    """Whether an answer has ended, as its runner of this epoch wrote it."""
    found = await session.exec(
        select(Answer.id).where(
            Answer.id == answer_id, Answer.epoch == epoch, col(Answer.ended_at).is_not(None)
        )
    )
    return found.first() is not None


async def kept_of(
    session: AsyncSession, user_id: UUID, chat_id: UUID | None, since: datetime
) -> Sequence[str]:
    """Where the answers of a person, or of one chat, are kept that have ended since."""
    query = select(Answer.cache_key).where(
        Answer.user_id == user_id, Answer.cache_key != "", col(Answer.ended_at) > since
    )
    if chat_id:
        query = query.where(Answer.chat_id == chat_id)
    return (await session.exec(query)).all()


async def kept_of_deleted(session: AsyncSession, limit: int = 500) -> Sequence[str]:
    """Where answers are still kept whose chats were deleted."""
    found = await session.exec(
        select(Answer.cache_key)
        .join(Chat, col(Chat.id) == col(Answer.chat_id))
        .where(Answer.cache_key != "", col(Chat.deleted_at).is_not(None))
        .limit(limit)
    )
    return found.all()


async def set_forgotten(session: AsyncSession, names: Sequence[str]) -> None:
    """Note that nothing is kept at these places any more."""
    await session.exec(update(Answer).where(col(Answer.cache_key).in_(names)).values(cache_key=""))
