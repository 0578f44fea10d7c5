"""A chat is opened at its end: that costs a page, however long the chat is."""

from uuid import UUID

import pytest
from sqlalchemy import func
from sqlmodel import select

from chatapp import database
from chatapp.answers import views
from chatapp.chats import repository, service
from chatapp.chats.models import Chat, Message, Role
from chatapp.chats.service import PAGE
from chatapp.database import new_id, reading, transaction
from chatapp.metrics import DATABASE

MANY = 1_200


def queries() -> float:
    """How many queries were sent to the database so far."""
    samples = [sample for metric in DATABASE.collect() for sample in metric.samples]
    return sum(
        sample.value
        for sample in samples
        if sample.name.endswith("_count") and sample.labels["what"] in ("select", "with")
    )


@pytest.fixture
async def long_chat(ada: UUID) -> tuple[Chat, list[UUID]]:
    """A chat of many messages, each the reply to the one before."""
    ids = [new_id() for _ in range(MANY)]
    chat = Chat(user_id=ada, title="long", leaf_id=ids[-1])
    async with transaction() as session:
        session.add(chat)
        await session.flush()
        for number, (message_id, parent) in enumerate(zip(ids, [None, *ids], strict=False)):
            role = Role.ANSWER if number % 2 else Role.QUESTION
            session.add(
                Message(
                    id=message_id,
                    chat_id=chat.id,
                    user_id=ada,
                    parent_id=parent,
                    role=role,
                    text=f"message {number}",
                )
            )
    return chat, ids


async def test_a_long_chat_opens_with_its_last_page(
    ada: UUID, long_chat: tuple[Chat, list[UUID]]
) -> None:
    chat, ids = long_chat
    before = queries()
    page = await service.open_chat(ada, chat.id)
    sent = queries() - before
    assert [message.id for message in page.messages] == ids[-PAGE:]
    assert page.earlier
    # The chat, its last page, and which other versions there are.
    assert sent == 3
    async with reading() as session:
        loaded = await repository.path(session, ada, chat.leaf_id, PAGE + 1)
        assert len(loaded) == PAGE + 1


async def test_earlier_pages_lead_to_the_beginning(
    ada: UUID, long_chat: tuple[Chat, list[UUID]]
) -> None:
    chat, ids = long_chat
    page = await service.open_chat(ada, chat.id)
    order = [str(message.id) for message in page.messages]
    for _ in range(MANY // PAGE):
        values = await views.earlier(ada, UUID(order[0]))
        view = values[f"e:{order[0]}"]
        assert {name.removeprefix("m:") for name in values if name[0] == "m"} == set(view["order"])
        order = [*view["order"], *order]
        if not view["earlier"]:
            break
    assert order == [str(message_id) for message_id in ids]


async def test_a_long_chat_can_be_purged(ada: UUID, long_chat: tuple[Chat, list[UUID]]) -> None:
    chat, _ = long_chat
    async with transaction() as session:
        await repository.set_deleted(session, ada, chat.id, database.now())
        await repository.purge_deleted(session, database.now())
    async with reading() as session:
        assert (await session.exec(select(func.count()).select_from(Message))).one() == 0


async def test_only_the_chosen_branch_is_shown(ada: UUID) -> None:
    chat = Chat(user_id=ada, title="tree")
    question = Message(chat_id=chat.id, user_id=ada, role=Role.QUESTION, text="q")
    first, second = (
        Message(chat_id=chat.id, user_id=ada, parent_id=question.id, role=Role.ANSWER, text=text)
        for text in ("first", "second")
    )
    async with transaction() as session:
        for row in (chat, question, first, second):
            session.add(row)
            await session.flush()
        chat.leaf_id = first.id
    page = await service.open_chat(ada, chat.id)
    assert [message.text for message in page.messages] == ["q", "first"]
    async with transaction() as session:
        (await session.get_one(Chat, chat.id)).leaf_id = second.id
    page = await service.open_chat(ada, chat.id)
    assert [message.text for message in page.messages] == ["q", "second"]
    assert not page.earlier


async def test_an_empty_chat_has_no_messages(ada: UUID) -> None:
    chat = Chat(user_id=ada, title="empty")
    async with transaction() as session:
        session.add(chat)
    page = await service.open_chat(ada, chat.id)
    assert (page.messages, page.earlier) == ([], False)
