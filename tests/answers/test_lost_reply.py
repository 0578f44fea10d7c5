"""A commit of which only the reply was lost is a commit: what follows it follows all the same."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.answers import log, runner
from chatapp.answers.events import Kind
from chatapp.answers.process import Process
from chatapp.chats.models import Status
from tests.answers.orphans import left_behind
from tests.answers.world import ask, finished, row, screen, words
from tests.limits.world import allow, books


def lose_the_reply(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> None:
    """Let a module not hear that its next transaction was committed."""
    replies = ["lost"]
    transaction = module.transaction

    @asynccontextmanager
    async def committed() -> AsyncIterator[AsyncSession]:
        async with transaction() as session:
            yield session
        if replies:
            raise OperationalError("COMMIT", {}, Exception(replies.pop()))

    monkeypatch.setattr(module, "transaction", committed)


async def test_an_end_that_was_written_is_told_and_counted_once(
    process: Process, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await allow(ada, questions_a_day=9)
    lose_the_reply(monkeypatch, runner)
    asked = await ask(process, ada, "[[say 7 words]]")
    await finished(process)
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text, answer.epoch) == (Status.DONE, words(7), 1)
    kinds = [event.kind for event in await log.read(asked.chat_id, asked.answer_id)]
    assert (kinds.count(Kind.END), kinds[-1]) == (1, Kind.END)
    counted = await books(ada)
    assert (counted["day_questions"], counted["places"]) == (1, 0)
    async with screen(process.hub, ada, asked.chat_id) as tab:
        assert tab.text(asked.answer_id) == words(7)


async def test_what_was_taken_over_is_taken_over_once(
    process: Process, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_the_reply(monkeypatch, runner)
    chat, message = await left_behind(ada, "what came")
    async with screen(process.hub, ada, chat.id) as tab:
        await tab.ended(message.id)
        assert tab.text(message.id) == words(20)
    assert (await row(message.id))[1].epoch == 2
