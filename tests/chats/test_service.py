"""Renaming, deleting, bringing back, and what remains of it."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func
from sqlmodel import select

from chatapp import database
from chatapp.chats import service
from chatapp.chats.models import Chat, Message
from chatapp.chats.service import KEPT_DELETED, SIDEBAR, TITLE_LIMIT, NotFound
from chatapp.database import reading, transaction
from tests.chats.people import chat_of

ODD = [
    "%_\\",
    "100% of 'it'; DROP TABLE chats; --",
    '"double" and `back` \\n',
    "{{7*7}} {user.__class__} %s ${jndi:ldap://x}",
    '{"lc":1,"type":"secret","id":["KEY"]}',
    "<script>alert(1)</script><iframe srcdoc=x>",
    "\u202egnp.exe \u200b\ufeff é 日本 👩‍👩‍👧",
    "=cmd|' /C calc'!A0 ../../etc/passwd",
]


async def title(user_id: UUID, chat_id: UUID) -> str:
    return (await service.open_chat(user_id, chat_id)).chat.title


@pytest.mark.parametrize("text", ODD)
async def test_text_is_kept_literally(ada: UUID, text: str) -> None:
    chat, _ = await chat_of(ada, text, text, title="before")
    await service.rename(ada, chat.id, text)
    page = await service.open_chat(ada, chat.id)
    assert page.chat.title == " ".join(text.split())
    assert [message.text for message in page.messages] == [text, text]


async def test_what_no_database_can_keep_is_replaced(ada: UUID) -> None:
    chat, _ = await chat_of(ada)
    await service.rename(ada, chat.id, "a\x00b \ud800c \udfffd")
    assert await title(ada, chat.id) == "a�b �c �d"


async def test_a_title_is_one_line_of_limited_length(ada: UUID) -> None:
    chat, _ = await chat_of(ada)
    await service.rename(ada, chat.id, "  two\n lines\t and   more ")
    assert await title(ada, chat.id) == "two lines and more"
    await service.rename(ada, chat.id, "é" * 10_000)
    assert await title(ada, chat.id) == "é" * TITLE_LIMIT


@pytest.mark.parametrize("empty", ["", "   ", "\n\t"])
async def test_an_empty_title_changes_nothing(ada: UUID, empty: str) -> None:
    chat, _ = await chat_of(ada, title="kept")
    await service.rename(ada, chat.id, empty)
    assert await title(ada, chat.id) == "kept"


async def test_a_deleted_chat_is_nowhere_and_can_be_brought_back(ada: UUID) -> None:
    chat, messages = await chat_of(ada, "a question", "an answer")
    other, _ = await chat_of(ada, "another")
    await service.delete(ada, chat.id)
    assert [each.id for each in (await service.latest_chats(ada))[0]] == [other.id]
    for gone in (
        service.open_chat(ada, chat.id),
        service.rename(ada, chat.id, "x"),
        service.delete(ada, chat.id),
    ):
        with pytest.raises(NotFound):
            await gone
    await service.restore(ada, chat.id)
    page = await service.open_chat(ada, chat.id)
    assert [message.id for message in page.messages] == [message.id for message in messages]
    with pytest.raises(NotFound):
        await service.restore(ada, chat.id)


async def test_purging_removes_what_was_deleted_long_ago_and_nothing_else(
    ada: UUID, eve: UUID
) -> None:
    old, _ = await chat_of(ada, *["text"] * 8)
    fresh, _ = await chat_of(ada, "a", "b")
    kept, _ = await chat_of(eve, "a", "b")
    await service.delete(ada, old.id)
    await service.delete(ada, fresh.id)
    async with transaction() as session:
        found = await session.get_one(Chat, old.id)
        found.deleted_at = database.now() - KEPT_DELETED - timedelta(seconds=1)
        session.add(found)
    await service.purge()
    async with reading() as session:
        chats = set((await session.exec(select(Chat.id))).all())
        counted = (await session.exec(select(func.count()).select_from(Message))).one()
    assert chats == {fresh.id, kept.id}
    assert counted == 4
    await service.restore(ada, fresh.id)
    with pytest.raises(NotFound):
        await service.restore(ada, old.id)


async def test_the_list_says_when_there_are_more(ada: UUID) -> None:
    made = [(await chat_of(ada))[0].id for _ in range(4)]
    chats, more = await service.latest_chats(ada, 4)
    assert [chat.id for chat in chats] == made[::-1]
    assert not more
    assert await service.latest_chats(ada, 3) == (chats[:3], True)
    assert SIDEBAR > 4
