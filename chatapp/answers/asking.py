"""Asking, asking in another way and asking again."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.agents import service as agents
from chatapp.agents.service import PLAIN
from chatapp.answers import repository
from chatapp.answers.charging import charged
from chatapp.answers.job import Job
from chatapp.answers.queueing import Asked, Refused, added, begin, queue
from chatapp.answers.runner import Runner
from chatapp.answers.way import make_way
from chatapp.chats import repository as chats
from chatapp.chats.models import Chat, Message, Role
from chatapp.chats.service import NotFound
from chatapp.chats.text import storable, title_of
from chatapp.database import new_id, reading, transaction
from chatapp.limits.service import OverLimit
from chatapp.settings import settings
from chatapp.statement import insert_rows, new_row

GO_ON = "Please continue."
"""The question behind the button that goes on with a stopped answer."""

TRIES = 3
"""How often what is in the way of another version is stopped, when others ask meanwhile."""

EMPTY = "Please write a question first."
BUSY = "An answer is still coming in this chat. Wait for it or stop it first."
NO_AGENT = "This agent is no longer there. Please choose another one."
REUSED = "This question was sent before with another text. Please send it again."


class Busy(Refused):
    """An answer is still coming in the chat."""

    def __init__(self) -> None:
        super().__init__(BUSY)


class _Known(Exception):
    """The same was sent before."""


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
                chat, met = await chats.in_the_way(session, user_id, client_id, chat_id)
                if any(each.client_id == client_id for each in met):
                    raise _Known
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
                    title = title_of(question)
                    chat = new_row(Chat, user_id=user_id, title=title, agent_id=agent_id)
                    await insert_rows(session, chat)
                brief = await agents.named(session, user_id, question) or brief or PLAIN
                asked = new_row(
                    Message,
                    chat_id=chat.id,
                    user_id=user_id,
                    parent_id=old.parent_id if old else chat.leaf_id,
                    role=Role.QUESTION,
                    text=question,
                    client_id=client_id,
                )
                job = await queue(session, runner, chat, asked.id, tier, brief, charge, asked)
            charge.kept = True
    except (IntegrityError, Refused, OverLimit, _Known):
        # The same question may have come twice at once; the other one has won.
        async with transaction() as session:
            earlier = await chats.by_client_id(session, user_id, client_id)
            if earlier is None:
                raise
            same = await _same(session, earlier, question)
        return await _begun(runner, user_id, same)
    return await begin(runner, job, None if beside else added(asked, brief), charge.admitted)


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
    return await _instead(runner, user_id, question_id, client_id, asking)


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
    wish = client_id or new_id()
    asking = partial(_ask_again, runner, user_id, answer_id, wish, tier)
    return await _instead(runner, user_id, answer_id, wish, asking)


async def _ask_again(
    runner: Runner, user_id: UUID, answer_id: UUID, client_id: UUID, tier: str | None
) -> Asked:
    try:
        async with charged(runner.limiter, user_id, "", client_id) as charge:
            async with transaction() as session:
                old = await chats.message(session, user_id, answer_id)
                if old is None or old.role != Role.ANSWER or old.parent_id is None:
                    raise NotFound
                chat, met = await chats.in_the_way(session, user_id, client_id, old.chat_id)
                if chat is None:
                    raise NotFound
                if any(each.client_id == client_id for each in met):
                    raise _Known
                if met:
                    raise Busy
                made = await repository.details(session, user_id, [answer_id])
                before = made.get(answer_id)
                agent_id = before.agent_id if before else None
                brief = await agents.chosen(session, user_id, agent_id) or PLAIN
                if before and before.tier:
                    brief = replace(brief, tier=before.tier)
                question_id = old.parent_id
                job = await queue(
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
    except (IntegrityError, Refused, OverLimit, _Known):
        # The same wish may have come twice at once; the other one has won.
        async with transaction() as session:
            earlier = await chats.by_client_id(session, user_id, client_id)
            if earlier is None:
                raise
            same = await _same_again(session, earlier, answer_id)
        return await _begun(runner, user_id, same)
    return await begin(runner, job, None, charge.admitted)


async def _question(
    session: AsyncSession, user_id: UUID, chat_id: UUID | None, question_id: UUID
) -> Message:
    found = await chats.message(session, user_id, question_id)
    if found is None or found.chat_id != chat_id or found.role != Role.QUESTION:
        raise NotFound
    return found


async def _instead(
    runner: Runner,
    user_id: UUID,
    message_id: UUID,
    wish: UUID,
    asking: Callable[[], Awaitable[Asked]],
) -> Asked:
    """Ask for another version of a message; what comes in its chat is stopped if it must be."""
    for _ in range(TRIES):
        try:
            return await asking()
        except (Busy, OverLimit) as error:
            # What another limit refuses is refused whatever is stopped.
            if isinstance(error, OverLimit) and error.denied.until is not None:
                raise
            if not await make_way(runner, user_id, message_id, wish):
                raise
    return await asking()


async def _begun(runner: Runner, user_id: UUID, asked: Asked) -> Asked:
    """Of what is kept: its answer is begun here, if it was to be and the reply was lost."""
    # Looked at before its row is: what ends meanwhile is not begun again.
    if runner.makes(asked.answer_id):
        return asked
    async with reading() as session:
        found = await repository.details(session, user_id, [asked.answer_id])
    answer = found.get(asked.answer_id)
    if answer is None or answer.runner != runner.name or answer.ended_at is not None:
        return asked
    return await begin(runner, Job.of(answer, asked.question_id, answer.epoch), None, None)


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
