"""Who leads where equal questions are one: when a leader ends, falls silent or cannot be heard."""

from typing import Any
from uuid import UUID

import pytest
from redis.exceptions import ConnectionError as Disconnected

from chatapp.answers import flight, log, service, shelf
from chatapp.answers.cache import Place
from chatapp.answers.events import Kind
from chatapp.answers.flight import Leader
from chatapp.answers.log_writer import LogWriter
from chatapp.answers.models import Answer
from chatapp.answers.process import Process, answering
from chatapp.answers.queueing import Asked
from chatapp.chats.models import Status
from chatapp.database import new_id, transaction
from tests.answers.flying import QUESTION, REAL, STALL, by_all, ended, place, rows_of
from tests.answers.world import ask, row, screen, words
from tests.chats.people import chat_of, person
from tests.fakes import ProviderServer


@REAL
async def test_a_process_that_ends_leaves_the_lead(
    caching: Process,
    ada: UUID,
    eve: UUID,
    fakes: ProviderServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chatapp.answers.process.DRAIN", 0.0)
    await fakes.set(fault=STALL)
    async with answering() as ending:
        leading = await ask(ending, ada, QUESTION)
        await fakes.wait(sent=20)
        joined = await ask(caching, eve, QUESTION)
    async with screen(caching.hub, ada, leading.chat_id) as tab:
        await tab.ended(leading.answer_id)
    await ended(caching)
    for asked in (leading, joined):
        message, _ = await row(asked.answer_id)
        assert (message.status, message.text) == (Status.DONE, words(60))
    states = [request["state"] for request in await fakes.requests()]
    assert states == ["closed_early", "done"]


async def test_a_leader_of_whom_nothing_is_heard_is_replaced_when_its_lease_lapses(
    caching: Process, ada: UUID, fakes: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flight, "SILENCE", 0.1)
    chat, (question,) = await chat_of(ada, QUESTION)
    dead = Leader(await person("dead"), new_id(), new_id(), 1)
    found = await place(ada, Asked(chat.id, question.id, new_id()))
    await shelf.shelf().board(found, dead.encode(), 600.0)
    writer = LogWriter()
    writer.open(dead.user_id, dead.chat_id, dead.answer_id, 1).text("w0 w1 of another")
    await writer.flush()
    asked = await ask(caching, ada, QUESTION)
    async with screen(caching.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: tab.text(asked.answer_id) == "w0 w1 of another")
        assert await fakes.requests() == []
        await shelf.shelf().renew([(found, dead.encode())], 0.001)
        await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) == words(60)
    assert (await row(asked.answer_id))[0].text == words(60)
    # The words of the dead one were taken back before others came.
    kinds = [event.kind for event in await log.read(asked.chat_id, asked.answer_id)]
    assert kinds.count(Kind.RESTART) == 1


@REAL
async def test_an_answer_that_is_taken_over_leads_at_once(
    caching: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    chat, (question, message) = await chat_of(ada, QUESTION, "", status=Status.STREAMING)
    async with transaction() as session:
        session.add(Answer(id=message.id, chat_id=chat.id, user_id=ada, runner="dead"))
    found = await place(ada, Asked(chat.id, question.id, message.id))
    before = Leader(ada, chat.id, message.id, 1)
    await shelf.shelf().board(found, before.encode(), 3600)
    joined = await ask(caching, eve, QUESTION)
    async with screen(caching.hub, eve, joined.chat_id) as tab:
        await tab.ended(joined.answer_id)
    await ended(caching)
    for answer_id in (message.id, joined.answer_id):
        assert (await row(answer_id))[0].text == words(60)
    assert len(await fakes.requests()) == 1


@REAL
async def test_a_leader_lives_as_long_as_its_answer(
    caching: Process,
    other: Process,
    ada: UUID,
    eve: UUID,
    fakes: ProviderServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However long the first word takes: nobody else asks meanwhile."""
    monkeypatch.setattr(flight, "LEASE", 1.5)
    monkeypatch.setattr(flight, "BEAT", 0.2)
    monkeypatch.setattr(flight, "SILENCE", 0.2)
    await fakes.set(first_token_delay=4)
    asked = [await ask(caching, ada, QUESTION), await ask(other, eve, QUESTION)]
    await ended(caching, other)
    assert {(await row(each.answer_id))[0].text for each in asked} == {words(60)}
    assert len(await fakes.requests()) == 1


@REAL
async def test_without_redis_for_the_cache_everybody_asks(
    caching: Process, ada: UUID, eve: UUID, fakes: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise Disconnected("away")

    monkeypatch.setattr(shelf.shelf(), "_client", away)
    asked = [await ask(caching, who, "please [[say 5 words]]") for who in (ada, eve)]
    await ended(caching)
    assert {(await row(each.answer_id))[0].text for each in asked} == {words(5)}
    assert len(await fakes.requests()) == 2
    await service.delete_chat(caching.runner, ada, asked[0].chat_id)


@REAL
async def test_what_joins_while_redis_does_not_answer_waits_for_it(
    caching: Process, other: Process, fakes: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few lost replies are no reason for everybody to ask."""
    monkeypatch.setattr(flight, "SILENCE", 0.2)
    await fakes.set(first_token_delay=2)
    original, asked_before, lost = shelf.shelf().board, set[bytes](), 0

    async def flaky(place: Place, me: bytes, *args: Any) -> Any:
        nonlocal lost
        if me in asked_before and lost < 12:
            lost += 1
            return None
        asked_before.add(me)
        return await original(place, me, *args)

    monkeypatch.setattr(shelf.shelf(), "board", flaky)
    asked = await by_all([caching, other], QUESTION, 6)
    await ended(caching, other)
    assert {message.text for message, _ in await rows_of(asked)} == {words(60)}
    assert len(await fakes.requests()) == 1
    assert lost == 12
