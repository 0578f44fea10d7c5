"""What people do with answers that are there, and with the chats they stand in."""

from dataclasses import asdict
from uuid import UUID

from chatapp.agents import service as agents
from chatapp.agents.steps import State
from chatapp.answers import kept, repository, step_repository
from chatapp.answers.asking import NO_AGENT, Busy
from chatapp.answers.events import Event, Kind
from chatapp.answers.models import Answer
from chatapp.answers.place import Wish
from chatapp.answers.queueing import Refused
from chatapp.answers.runner import Runner
from chatapp.answers.telling import ask_for, tell, tell_decided
from chatapp.answers.way import stop_answer, stop_elsewhere
from chatapp.chats import repository as chats
from chatapp.chats import service as chat_service
from chatapp.chats import version_repository
from chatapp.chats.service import NotFound
from chatapp.database import reading, transaction
from chatapp.limits.tiers import choices
from chatapp.pool.service import smaller_tiers


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
        if not await step_repository.decide(session, user_id, answer_id, number, state):
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
        await stop_elsewhere(answer)
    return bool(coming)


async def restore_chat(user_id: UUID, chat_id: UUID) -> None:
    """Bring a deleted chat back and tell the person's tabs. Raises: NotFound."""
    await chat_service.restore(user_id, chat_id)
    await tell(user_id, Event(Kind.CHATS, chat_id))


async def _wish(runner: Runner, answer: Answer, wish: Wish) -> None:
    if not runner.line.wish(answer.id, wish):
        await ask_for(answer.runner, answer.chat_id, answer.id, asdict(wish))
