"""A commit of which only the reply was lost is a commit: what follows it follows all the same."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from types import ModuleType
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.answers import asking, log, runner
from chatapp.answers.events import Kind
from chatapp.answers.process import Process
from chatapp.chats.models import Status
from chatapp.database import new_id, patiently
from tests.answers.orphans import left_behind
from tests.answers.world import WAIT_SECONDS, ask, finished, row, screen, words
from tests.chats.people import chat_of
from tests.fakes import ProviderServer
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


async def test_a_question_that_was_kept_is_begun_when_it_is_sent_again(
    process: Process, ada: UUID, fakes: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await allow(ada, questions_a_day=9)
    chat, _ = await chat_of(ada, "before", "it was")
    lose_the_reply(monkeypatch, asking)
    async with screen(process.hub, ada, chat.id) as tab:
        sending = partial(ask, process, ada, "[[say 7 words]]", chat.id, new_id())
        asked = await patiently(sending, WAIT_SECONDS)
        await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) == words(7)
        assert str(asked.question_id) in tab.values[f"c:{chat.id}"]["order"]
    # Not as what a process has left, which takes a while to be found.
    assert (await row(asked.answer_id))[1].epoch == 1
    assert (await books(ada))["day_questions"] == 1
    assert len(await fakes.requests()) == 1


async def test_a_wish_that_was_kept_is_begun_when_it_is_sent_again(
    process: Process, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await ask(process, ada, "[[say 3 words]]")
    await finished(process)
    lose_the_reply(monkeypatch, asking)
    wish = partial(asking.ask_again, process.runner, ada, asked.answer_id, new_id())
    again = await patiently(wish, WAIT_SECONDS)
    await finished(process)
    message, answer = await row(again.answer_id)
    assert (message.status, answer.anew, answer.epoch) == (Status.DONE, True, 1)
