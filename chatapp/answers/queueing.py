"""The place of an answer: kept with its question, told to the tabs, and given to the runner."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.agents.service import Brief
from chatapp.answers.charging import Charge
from chatapp.answers.events import Event, Kind
from chatapp.answers.job import Job
from chatapp.answers.models import Answer
from chatapp.answers.runner import Runner
from chatapp.answers.telling import tell
from chatapp.chats import repository as chats
from chatapp.chats.models import JUST_AFTER, Chat, Message, Role, Status
from chatapp.database import now
from chatapp.limits.books import Admitted
from chatapp.limits.tiers import NotYours, settled
from chatapp.metrics import QUESTIONS
from chatapp.statement import insert_rows_later, new_row

TOLD = 4_000
"""The length, in characters, of the longest question that travels with the news of it."""


class Refused(Exception):
    """A question that is not taken. ``str()`` of it says why, for the person who asked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that is in the database, and the place of its answer."""

    chat_id: UUID
    question_id: UUID
    answer_id: UUID
    admitted: Admitted | None = field(default=None, compare=False)
    """What is used with it; None: the question was there already."""


async def queue(
    session: AsyncSession,
    runner: Runner,
    chat: Chat,
    question_id: UUID,
    tier: str | None,
    brief: Brief,
    charge: Charge,
    *before: Message,
    anew: bool = False,
    client_id: UUID | None = None,
) -> Job:
    """Keep the place of an answer at the end of a chat, after the messages that come before it.

    Raises:
        Refused: the person may not use this tier.
    """
    try:
        tier = settled(chat.user_id, tier, brief.tier)
    except NotYours as refused:
        raise Refused(str(refused)) from None
    moment = before[-1].created_at + JUST_AFTER if before else now()
    place = new_row(
        Message,
        id=charge.answer_id,
        chat_id=chat.id,
        user_id=chat.user_id,
        parent_id=question_id,
        role=Role.ANSWER,
        status=Status.QUEUED,
        client_id=client_id,
        created_at=moment,
    )
    answer = new_row(
        Answer,
        id=place.id,
        chat_id=chat.id,
        user_id=chat.user_id,
        tier=tier,
        agent_id=brief.agent_id,
        agent=brief.label,
        picture=brief.picture,
        runner=runner.taker,
        anew=anew,
        queued_at=charge.asked_at,
    )
    insert_rows_later(session, *before, place, answer)
    await chats.go_on(session, chat.user_id, chat.id, place.id, moment)
    return Job(
        chat.user_id,
        chat.id,
        question_id,
        place.id,
        answer.tier,
        anew=anew,
        asked_at=charge.asked_at,
        agent_id=brief.agent_id,
        here=bool(answer.runner),
    )


def added(asked: Message, brief: Brief) -> dict[str, Any]:
    """What the tabs of a person are told of a question, so that they need not look it up.

    Its answer's place was made ``JUST_AFTER`` it.
    """
    return {
        "question": asked.id,
        "after": asked.parent_id,
        "text": asked.text if len(asked.text) <= TOLD else None,
        "at": asked.created_at,
        "agent": brief.label,
        "picture": brief.picture,
    }


async def begin(
    runner: Runner, job: Job, added: dict[str, Any] | None, admitted: Admitted | None
) -> Asked:
    """Tell the person's tabs of a question and begin its answer, once both are in the database."""
    await tell(job.user_id, Event(Kind.ASKED, job.chat_id, job.answer_id, data=added))
    if job.here:
        runner.start(job)
    QUESTIONS.inc()
    return Asked(job.chat_id, job.question_id, job.answer_id, admitted)
