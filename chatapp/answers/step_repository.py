"""The SQL of an answer's steps. A person's queries name the owner, a runner's name its epoch."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.agents.steps import Kind, State, Step
from chatapp.answers.models import Answer, AnswerStep


async def keep_steps(
    session: AsyncSession, user_id: UUID, answer_id: UUID, epoch: int, steps: Sequence[Step]
) -> bool:
    """Write steps of a running answer. False: it has ended or a newer runner has it."""
    # Locked: a newer runner reads either none of these steps or all of them.
    mine = await session.exec(
        update(Answer)
        .where(
            col(Answer.id) == answer_id,
            col(Answer.user_id) == user_id,
            col(Answer.epoch) == epoch,
            col(Answer.ended_at).is_(None),
        )
        .values(epoch=epoch)
    )
    if mine.rowcount == 0:
        return False
    await write_steps(session, user_id, answer_id, steps)
    return True


async def write_steps(
    session: AsyncSession, user_id: UUID, answer_id: UUID, steps: Sequence[Step]
) -> None:
    """Write steps of an answer whose row this transaction has changed."""
    for step in steps:
        await session.merge(AnswerStep(answer_id=answer_id, user_id=user_id, **asdict(step)))


async def steps_of(session: AsyncSession, user_id: UUID, answer_id: UUID) -> list[Step]:
    """The steps of an answer of a person that are kept, in their order."""
    found = await session.exec(
        select(AnswerStep)
        .where(AnswerStep.answer_id == answer_id, AnswerStep.user_id == user_id)
        .order_by(col(AnswerStep.number))
    )
    return [
        Step(
            Kind(row.kind),
            row.title,
            State(row.state),
            row.number,
            row.input,
            row.output,
            row.ms,
            row.call,
            row.said,
        )
        for row in found
    ]


async def step(
    session: AsyncSession, user_id: UUID, answer_id: UUID, number: int
) -> AnswerStep | None:
    """One step of an answer of a person."""
    found = await session.exec(
        select(AnswerStep).where(
            AnswerStep.answer_id == answer_id,
            AnswerStep.number == number,
            AnswerStep.user_id == user_id,
        )
    )
    return found.one_or_none()


async def decide(
    session: AsyncSession, user_id: UUID, answer_id: UUID, number: int, state: State
) -> bool:
    """Approve or refuse a step of a person's answer. False: nothing waits there for it."""
    changed = await session.exec(
        update(AnswerStep)
        .where(
            col(AnswerStep.answer_id) == answer_id,
            col(AnswerStep.number) == number,
            col(AnswerStep.user_id) == user_id,
            col(AnswerStep.state) == State.ASKS,
        )
        .values(state=state)
    )
    return changed.rowcount > 0
