"""Answers whose process is no more."""

from uuid import UUID

from chatapp.answers.log_writer import LogWriter
from chatapp.answers.models import Answer
from chatapp.chats.models import Chat, Message, Role, Status
from chatapp.database import transaction
from tests.chats.people import chat_of


async def left_behind(
    user_id: UUID, shown: str, epoch: int = 1, runner: str = "dead", handed_over: int = 0
) -> tuple[Chat, Message]:
    """An answer whose process is no more, and what it has logged."""
    chat, (_, message) = await chat_of(user_id, "[[say 20 words]]", "", status=Status.STREAMING)
    async with transaction() as session:
        session.add(
            Answer(
                id=message.id,
                chat_id=chat.id,
                user_id=user_id,
                runner=runner,
                epoch=epoch,
                handed_over=handed_over,
            )
        )
    writer = LogWriter()
    if shown:
        writer.open(user_id, chat.id, message.id, epoch).text(shown)
        await writer.flush()
    return chat, message


async def many_left_behind(user_id: UUID, count: int) -> set[UUID]:
    """So many answers whose process is no more; their ids."""
    chat, (question, *_) = await chat_of(user_id, "[[say 20 words]]")
    places = [
        Message(
            chat_id=chat.id,
            user_id=user_id,
            parent_id=question.id,
            role=Role.ANSWER,
            status=Status.STREAMING,
        )
        for _ in range(count)
    ]
    async with transaction() as session:
        session.add_all(places)
        await session.flush()
        session.add_all(
            [Answer(id=each.id, chat_id=chat.id, user_id=user_id, runner="dead") for each in places]
        )
    return {each.id for each in places}
