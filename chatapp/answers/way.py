"""Making way in a chat for another version: what comes there is stopped, and its words are kept."""

import asyncio
import logging
from contextlib import suppress
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from chatapp.answers import repository
from chatapp.answers.events import Kind, channel
from chatapp.answers.hub import Subscription
from chatapp.answers.models import Answer
from chatapp.answers.runner import Runner
from chatapp.answers.telling import ask_to_stop
from chatapp.chats import repository as chats
from chatapp.chats.models import Message
from chatapp.chats.service import NotFound
from chatapp.database import reading, transaction

logger = logging.getLogger(__name__)

PATIENCE = 6.0
"""How long, in seconds, the end of what was stopped is waited for: a dead process's, too."""

LOOK = 1.0
"""After so many seconds without news the database is asked whether it has ended."""


async def stop_answer(runner: Runner, answer: Answer) -> None:
    """Stop an answer, wherever it is made."""
    here = runner.stop(answer.id)
    # What still runs here may be another's by now: who was silent hears of that last.
    if answer.ended_at is None and not (here and answer.runner == runner.name):
        await stop_elsewhere(answer)


async def stop_elsewhere(answer: Answer) -> None:
    """Have an answer stopped by who makes it: told at once, and noted for whoever did not hear."""
    await ask_to_stop(answer.runner, answer.chat_id, answer.id)
    try:
        async with transaction() as session:
            await repository.want_stopped(session, answer.user_id, answer.id)
    except SQLAlchemyError as error:
        logger.warning("A stop was told and could not be noted: %s", type(error).__name__)


async def make_way(runner: Runner, user_id: UUID, message_id: UUID, wish: UUID) -> bool:
    """Stop what comes in the chat of a message, and wait for its end.

    What was made of the same wish (a ``client_id``, sent again) is left as it is.

    False: it is the message itself that comes, or it did not end in time.

    Raises:
        NotFound: no such message of this person.
    """
    # Heard before it is stopped, so that its end cannot be missed.
    async with runner.hub.subscribed(channel(user_id)) as told:
        coming = await _coming(user_id, message_id)
        if coming is None or await _is_granted(user_id, wish):
            return True
        if coming.id == message_id:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await _stopped(runner, user_id, coming.id, told)
                return True
    return False


async def _coming(user_id: UUID, message_id: UUID) -> Message | None:
    async with reading() as session:
        message = await chats.message(session, user_id, message_id)
        if message is None:
            raise NotFound
        return await chats.running(session, user_id, message.chat_id)


async def _is_granted(user_id: UUID, wish: UUID) -> bool:
    async with reading() as session:
        return await chats.by_client_id(session, user_id, wish) is not None


async def _stopped(runner: Runner, user_id: UUID, answer_id: UUID, told: Subscription) -> None:
    while True:
        async with reading() as session:
            found = await repository.details(session, user_id, [answer_id])
        answer = found.get(answer_id)
        if answer is None or answer.ended_at is not None:
            return
        # Again and again: the process that makes it may be another one by now.
        await stop_answer(runner, answer)
        while True:
            events, lagged = await told.wait(LOOK)
            if any(each.kind is Kind.END and each.answer_id == answer_id for each in events):
                return
            if lagged:
                break
