"""What people think of answers."""

from uuid import UUID

import pytest
from sqlmodel import select

from chatapp.answers import thumbs, views
from chatapp.answers.models import Answer
from chatapp.answers.thumbs import DOWN, NONE, UP, WORDS
from chatapp.chats.models import Message
from chatapp.chats.service import NotFound
from chatapp.database import new_id, now, reading, transaction
from tests.chats.people import chat_of


@pytest.fixture
async def answer(ada: UUID) -> Message:
    chat, (_, answer) = await chat_of(ada, "a question", "its answer")
    made = Answer(
        id=answer.id, chat_id=chat.id, user_id=ada, answered_by="Groq · x", ended_at=now()
    )
    async with transaction() as session:
        session.add(made)
    return answer


async def row(answer: Message) -> Answer:
    async with reading() as session:
        return (await session.exec(select(Answer).where(Answer.id == answer.id))).one()


async def test_one_says_one_thing_of_an_answer_and_may_change_it(
    ada: UUID, answer: Message
) -> None:
    await thumbs.rate(ada, answer.id, UP)
    assert views.message_view(answer, await row(answer))["thumb"] == UP
    said = await thumbs.explain(ada, answer.id, DOWN, "  It is \n wrong " + "!" * WORDS)
    found = await row(answer)
    assert (found.thumb, found.thumb_words, bool(found.rated_at)) == (DOWN, said, True)
    assert said.startswith("It is wrong !!!")
    assert len(said) == WORDS
    # Another opinion does not have the words of the one before.
    await thumbs.rate(ada, answer.id, UP)
    assert (await row(answer)).thumb_words == ""
    await thumbs.rate(ada, answer.id, NONE)
    found = await row(answer)
    assert (found.thumb, found.rated_at) == (NONE, None)


async def test_nobody_else_says_anything_of_it(eve: UUID, answer: Message) -> None:
    for who, what in ((eve, answer.id), (eve, new_id())):
        with pytest.raises(NotFound):
            await thumbs.rate(who, what, UP)
        with pytest.raises(NotFound):
            await thumbs.explain(who, what, DOWN, "mine")
    assert (await row(answer)).thumb == NONE
