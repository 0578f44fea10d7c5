"""Asking, asking in another way, asking again and stopping."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.agents import service as agents
from chatapp.agents.service import PLAIN, Brief
from chatapp.agents.steps import State
from chatapp.answers import kept, repository
from chatapp.answers.charging import Charge, charged
from chatapp.answers.events import Event, Kind
from chatapp.answers.job import Job
from chatapp.answers.models import Answer
from chatapp.answers.place import Wish
from chatapp.answers.runner import Runner
from chatapp.answers.telling import ask_for, ask_to_stop, tell, tell_decided
from chatapp.answers.way import make_way, stop_answer
from chatapp.chats import repository as chats
from chatapp.chats import service as chat_service
from chatapp.chats import version_repository
from chatapp.chats.models import JUST_AFTER, Chat, Message, Role, Status
from chatapp.chats.service import NotFound
from chatapp.chats.text import storable, title_of
from chatapp.database import add, new_id, now, reading, transaction
from chatapp.limits.books import Admitted
from chatapp.limits.service import OverLimit
from chatapp.limits.tiers import NotYours, choices, settled
from chatapp.metrics import QUESTIONS
from chatapp.pool.service import smaller_tiers
from chatapp.settings import settings

GO_ON = "Please continue."
"""The question behind the button that goes on with a stopped answer."""

TRIES = 3
"""How often what is in the way of another version is stopped, when others ask meanwhile."""

TOLD = 4_000
"""The length, in characters, of the longest question that travels with the news of it."""

EMPTY = "Please write a question first."
BUSY = "An answer is still coming in this chat. Wait for it or stop it first."
NO_AGENT = "This agent is no longer there. Please choose another one."
REUSED = "This question was sent before with another text. Please send it again."


class Refused(Exception):
    """A question that is not taken. ``str()`` of it says why, for the person who asked."""


class Busy(Refused):
    """An answer is still coming in the chat."""

    def __init__(self) -> None:
        super().__init__(BUSY)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that is in the database, and the place of its answer."""

    chat_id: UUID
    question_id: UUID
    answer_id: UUID
    admitted: Admitted | None = field(default=None, compare=False)
    """What is used with it; None: the question was there already."""


async def ask(
    runner: Runner,
    user_id: UUID,
    chat_id: UUID | None,
    text: str,
    client_id: UUID,
    tier: str | None = None,
    agent_id: UUID | None = None,
    beside: UUID | None = None,
) -> Asked:
    """Keep a question and begin its answer; without a chat, in a new one.

    The same ``client_id`` again is the same question: nothing new is kept or begun.

    Args:
        runner: makes the answer.
        user_id: who asks.
        chat_id: where.
        text: the question. One with ``@`` and an agent's name in it is that agent's.
        client_id: made by the browser.
        tier: the models that shall answer; None: those of the agent.
        agent_id: of a new chat: the agent that answers in it.
        beside: the question of which it is another version; None: it stands at the end.

    Raises:
        Refused: the text is empty or too long, the chat is busy, there is no such agent or the
            person may not use this tier.
        OverLimit: the person has used what there is for now.
        NotFound: no such chat or question of this person.
    """
    question = storable(text).strip()
    if not question:
        raise Refused(EMPTY)
    if len(question) > settings().question_length:
        raise Refused(
            f"The question is too long: {len(question):,} characters, "
            f"{settings().question_length:,} are possible."
        )
    try:
        async with charged(runner.limiter, user_id, question, client_id) as charge:
            async with transaction() as session:
                # The chat first: whoever waits for its lock sees what has come meanwhile.
                chat = await chats.chat(session, user_id, chat_id, lock=True) if chat_id else None
                met = await chats.in_the_way(session, user_id, client_id, chat_id)
                if earlier := next((each for each in met if each.client_id == client_id), None):
                    return await _same(session, earlier, question)
                if chat_id and chat is None:
                    raise NotFound
                if met:
                    raise Busy
                old = await _question(session, user_id, chat_id, beside) if beside else None
                agent_id = chat.agent_id if chat else agent_id
                brief = await agents.chosen(session, user_id, agent_id)
                if chat is None:
                    if agent_id and brief is None:
                        raise Refused(NO_AGENT)
                    chat = Chat(user_id=user_id, title=title_of(question), agent_id=agent_id)
                    await add(session, chat)
                brief = await agents.named(session, user_id, question) or brief or PLAIN
                asked = Message(
                    chat_id=chat.id,
                    user_id=user_id,
                    parent_id=old.parent_id if old else chat.leaf_id,
                    role=Role.QUESTION,
                    text=question,
                    client_id=client_id,
                )
                job = await _queue(session, runner, chat, asked.id, tier, brief, charge, asked)
            charge.kept = True
    except (IntegrityError, Refused, OverLimit):
        # The same question may have come twice at once; the other one has won.
        async with transaction() as session:
            earlier = await chats.by_client_id(session, user_id, client_id)
            if earlier is None:
                raise
            return await _same(session, earlier, question)
    return await _begin(runner, job, None if beside else _added(asked, brief), charge.admitted)


async def edit(
    runner: Runner,
    user_id: UUID,
    chat_id: UUID,
    question_id: UUID,
    text: str,
    client_id: UUID,
    tier: str | None = None,
) -> Asked:
    """Ask a question in another way, as :func:`ask` does; the old one stays with what follows it.

    What comes in the chat is stopped first, and stays as far as it has come.

    Raises:
        Refused: the text is empty or too long, or what comes did not end.
        OverLimit: the person has used what there is for now.
        NotFound: no such question of this person.
    """
    asking = partial(ask, runner, user_id, chat_id, text, client_id, tier, beside=question_id)
    return await _instead(runner, user_id, question_id, asking)


async def ask_again(
    runner: Runner,
    user_id: UUID,
    answer_id: UUID,
    client_id: UUID | None = None,
    tier: str | None = None,
) -> Asked:
    """Begin another answer to the same question; the old one stays beside it.

    It is a new one, whatever is kept, and is kept in the place of the old one. What comes elsewhere
    in the chat is stopped first, and stays as far as it has come.

    Args:
        runner: makes the answer.
        user_id: who asks.
        answer_id: the old one.
        client_id: made by the browser; the same again is the same wish.
        tier: the models that shall answer; None: those of the old one.

    Raises:
        Refused: the old one is still coming, or what comes did not end.
        OverLimit: the person has used what there is for now.
        NotFound: no such answer of this person.
    """
    asking = partial(_ask_again, runner, user_id, answer_id, client_id or new_id(), tier)
    return await _instead(runner, user_id, answer_id, asking)


async def _ask_again(
    runner: Runner, user_id: UUID, answer_id: UUID, client_id: UUID, tier: str | None
) -> Asked:
    try:
        async with charged(runner.limiter, user_id, "", client_id) as charge:
            async with transaction() as session:
                old = await chats.message(session, user_id, answer_id)
                if old is None or old.role != Role.ANSWER or old.parent_id is None:
                    raise NotFound
                chat = await chats.chat(session, user_id, old.chat_id, lock=True)
                if chat is None:
                    raise NotFound
                met = await chats.in_the_way(session, user_id, client_id, chat.id)
                if earlier := next((each for each in met if each.client_id == client_id), None):
                    return await _same_again(session, earlier, answer_id)
                if met:
                    raise Busy
                made = await repository.details(session, user_id, [answer_id])
                before = made.get(answer_id)
                agent_id = before.agent_id if before else None
                brief = await agents.chosen(session, user_id, agent_id) or PLAIN
                if before and before.tier:
                    brief = replace(brief, tier=before.tier)
                question_id = old.parent_id
                job = await _queue(
                    session,
                    runner,
                    chat,
                    question_id,
                    tier,
                    brief,
                    charge,
                    anew=True,
                    client_id=client_id,
                )
            charge.kept = True
    except (IntegrityError, Refused, OverLimit):
        # The same wish may have come twice at once; the other one has won.
        async with transaction() as session:
            earlier = await chats.by_client_id(session, user_id, client_id)
            if earlier is None:
                raise
            return await _same_again(session, earlier, answer_id)
    return await _begin(runner, job, None, charge.admitted)


async def show_version(user_id: UUID, message_id: UUID) -> None:
    """Show the branch through a message, as far as it was written last, in all tabs of the person.

    Raises:
        Refused: an answer is coming in the chat.
        NotFound: no such message of this person.
    """
    async with transaction() as session:
        message = await chats.message(session, user_id, message_id)
        if message is None:
            raise NotFound
        # Locked: what is asked meanwhile goes on with what is shown then.
        chat = await chats.chat(session, user_id, message.chat_id, lock=True)
        leaf_id = await version_repository.newest_leaf(session, user_id, message_id)
        if chat is None or leaf_id is None:
            raise NotFound
        if await chats.running(session, user_id, chat.id):
            raise Busy
        await version_repository.show(session, user_id, chat.id, leaf_id)
    await tell(user_id, Event(Kind.BRANCH, chat.id, data=str(message_id)))


async def stop(runner: Runner, user_id: UUID, answer_id: UUID) -> None:
    """Stop an answer and keep what came so far; one that has ended stays as it is.

    Raises:
        NotFound: no such answer of this person.
    """
    async with reading() as session:
        if await chats.message(session, user_id, answer_id) is None:
            raise NotFound
        answer = (await repository.details(session, user_id, [answer_id])).get(answer_id)
    if answer:
        await stop_answer(runner, answer)


async def use_smaller(runner: Runner, user_id: UUID, answer_id: UUID, tier: str) -> None:
    """Have an answer that waits in line made by a tier with a smaller model instead.

    Raises:
        NotFound: no such running answer of this person, or no such smaller tier.
    """
    async with transaction() as session:
        answer = (await repository.details(session, user_id, [answer_id])).get(answer_id)
        smaller = smaller_tiers(answer.tier or "") if answer else ()
        if answer is None or tier not in smaller or tier not in choices(user_id):
            raise NotFound
        if not await repository.set_tier(session, user_id, answer_id, tier):
            raise NotFound
    await _wish(runner, answer, Wish(tier=tier))


async def use_own_key(runner: Runner, user_id: UUID, answer_id: UUID) -> None:
    """Have an answer that waits in line made with a key of the person's own instead.

    Raises:
        NotFound: no such running answer of this person.
    """
    async with reading() as session:
        answer = (await repository.details(session, user_id, [answer_id])).get(answer_id)
    if answer is None or answer.ended_at is not None:
        raise NotFound
    await _wish(runner, answer, Wish(own_key=True))


async def decide(
    runner: Runner, user_id: UUID, answer_id: UUID, number: int, *, approved: bool
) -> None:
    """Approve or refuse a step of an answer that waits for it.

    Raises:
        NotFound: no such step of this person waits.
    """
    state = State.APPROVED if approved else State.REFUSED
    async with transaction() as session:
        if not await repository.decide(session, user_id, answer_id, number, state):
            raise NotFound
    # Who has taken the answer over before this moment is told; who does after it, reads it.
    async with reading() as session:
        answer = (await repository.details(session, user_id, [answer_id])).get(answer_id)
    if answer is None:
        raise NotFound
    if not runner.approvals.decided(answer_id, number):
        await tell_decided(answer.runner, answer.chat_id, answer_id, number)


async def rename_chat(user_id: UUID, chat_id: UUID, title: str) -> None:
    """Give a chat another title and tell the person's tabs. Raises: NotFound."""
    await chat_service.rename(user_id, chat_id, title)
    await tell(user_id, Event(Kind.CHATS, chat_id))


async def choose_agent(user_id: UUID, chat_id: UUID, agent_id: UUID | None) -> None:
    """Let another agent answer in a chat from its next question on, or none.

    Raises:
        NotFound: no such chat of this person.
        Refused: no such agent that this person may ask.
    """
    async with transaction() as session:
        if agent_id and await agents.chosen(session, user_id, agent_id) is None:
            raise Refused(NO_AGENT)
        if not await chats.set_agent(session, user_id, chat_id, agent_id):
            raise NotFound
    await tell(user_id, Event(Kind.CHATS, chat_id))


async def delete_chat(runner: Runner, user_id: UUID, chat_id: UUID) -> None:
    """Delete a chat, stop what runs in it and tell the person's tabs. Raises: NotFound."""
    await chat_service.delete(user_id, chat_id)
    await kept.forget(user_id, chat_id)
    async with reading() as session:
        coming = await chats.running(session, user_id, chat_id)
        found = await repository.details(session, user_id, [coming.id] if coming else [])
    for answer in found.values():
        await stop_answer(runner, answer)
    await tell(user_id, Event(Kind.CHATS, chat_id))


async def stop_all(user_id: UUID) -> bool:
    """Stop all that is coming for a person, wherever it runs. False: nothing was."""
    async with reading() as session:
        coming = await repository.coming_of(session, user_id)
    for answer in coming:
        await ask_to_stop(answer.runner, answer.chat_id, answer.id)
    return bool(coming)


async def restore_chat(user_id: UUID, chat_id: UUID) -> None:
    """Bring a deleted chat back and tell the person's tabs. Raises: NotFound."""
    await chat_service.restore(user_id, chat_id)
    await tell(user_id, Event(Kind.CHATS, chat_id))


async def _question(
    session: AsyncSession, user_id: UUID, chat_id: UUID | None, question_id: UUID
) -> Message:
    found = await chats.message(session, user_id, question_id)
    if found is None or found.chat_id != chat_id or found.role != Role.QUESTION:
        raise NotFound
    return found


async def _queue(
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
    place = Message(
        id=charge.answer_id,
        chat_id=chat.id,
        user_id=chat.user_id,
        parent_id=question_id,
        role=Role.ANSWER,
        status=Status.QUEUED,
        client_id=client_id,
        created_at=moment,
    )
    answer = Answer(
        id=place.id,
        chat_id=chat.id,
        user_id=chat.user_id,
        tier=tier,
        agent_id=brief.agent_id,
        agent=brief.label,
        picture=brief.picture,
        runner=runner.name,
        anew=anew,
        queued_at=charge.asked_at,
    )
    await add(session, *before, place, answer)
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
    )


def _added(asked: Message, brief: Brief) -> dict[str, Any]:
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


async def _instead(
    runner: Runner, user_id: UUID, message_id: UUID, asking: Callable[[], Awaitable[Asked]]
) -> Asked:
    """Ask for another version of a message; what comes in its chat is stopped if it must be."""
    for _ in range(TRIES):
        try:
            return await asking()
        except (Busy, OverLimit) as error:
            # What another limit refuses is refused whatever is stopped.
            if isinstance(error, OverLimit) and error.denied.until is not None:
                raise
            if not await make_way(runner, user_id, message_id):
                raise
    return await asking()


async def _wish(runner: Runner, answer: Answer, wish: Wish) -> None:
    if not runner.line.wish(answer.id, wish):
        await ask_for(answer.runner, answer.chat_id, answer.id, asdict(wish))


async def _begin(
    runner: Runner, job: Job, added: dict[str, Any] | None, admitted: Admitted | None
) -> Asked:
    await tell(job.user_id, Event(Kind.ASKED, job.chat_id, job.answer_id, data=added))
    runner.start(job)
    QUESTIONS.inc()
    return Asked(job.chat_id, job.question_id, job.answer_id, admitted)


async def _same(session: AsyncSession, earlier: Message, question: str) -> Asked:
    answer = await chats.first_child(session, earlier.user_id, earlier.id)
    if earlier.text != question or answer is None:
        raise Refused(REUSED)
    return Asked(earlier.chat_id, earlier.id, answer.id)


async def _same_again(session: AsyncSession, earlier: Message, answer_id: UUID) -> Asked:
    old = await chats.message(session, earlier.user_id, answer_id)
    if old is None:
        raise NotFound
    if earlier.role != Role.ANSWER or old.parent_id is None or earlier.parent_id != old.parent_id:
        raise Refused(REUSED)
    return Asked(earlier.chat_id, old.parent_id, earlier.id)
