"""Equal questions at once are one question to a model; everybody has the whole answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from redis.exceptions import ConnectionError as Disconnected
from sqlalchemy.exc import OperationalError

from chatapp.answers import flight, log, making, service, shelf
from chatapp.answers.cache import Place, place_of
from chatapp.answers.events import Kind
from chatapp.answers.flight import Leader
from chatapp.answers.log import LogWriter
from chatapp.answers.models import Answer, Source
from chatapp.answers.process import Process, answering
from chatapp.answers.request import request_for
from chatapp.answers.runner import OUR_FAULT
from chatapp.answers.service import Asked
from chatapp.chats.models import Message, Status
from chatapp.database import new_id, transaction
from chatapp.pool.errors import MESSAGES
from chatapp.redis import cache_redis
from tests.answers.world import ask, finished, row, screen, words
from tests.chats.people import chat_of, person
from tests.fakes import ProviderServer

QUESTION = "please [[say 60 words at 60/s]]"
STALL = {"kind": "stall_after", "after": 20, "times": 1}
"""The first who is asked falls silent: there is time, and the leader is still the leader."""
REAL = pytest.mark.parametrize("backend", ["real"], indirect=True)
"""What is of no concern to the embedded parts."""


@pytest.fixture
async def other(caching: Process) -> AsyncIterator[Process]:
    """Another process of the same installation."""
    async with answering() as running:
        yield running


async def by_all(processes: list[Process], question: str, count: int) -> list[tuple[UUID, Asked]]:
    """Each of so many people asks at the same time, at one of the processes."""
    who = [await person(f"person{number}") for number in range(count)]
    at = [processes[number % len(processes)] for number in range(count)]
    asked = await asyncio.gather(*(ask(p, w, question) for p, w in zip(at, who, strict=True)))
    return list(zip(who, asked, strict=True))


async def rows_of(asked: list[tuple[UUID, Asked]]) -> list[tuple[Message, Answer]]:
    return [await row(each.answer_id) for _, each in asked]


async def ended(*processes: Process) -> None:
    for process in processes:
        await finished(process)


async def place(who: UUID, asked: Asked) -> Place:
    found = place_of(await request_for(who, asked.question_id, None))
    assert found
    return found


async def flights() -> list[bytes]:
    return [name async for name in cache_redis().scan_iter("cache:*:flight")]


async def test_equal_questions_at_once_are_one_to_the_model(
    caching: Process, other: Process, fakes: ProviderServer
) -> None:
    asked = await by_all([caching, other], QUESTION, 10)
    await ended(caching, other)
    found = await rows_of(asked)
    assert {message.text for message, _ in found} == {words(60)}
    assert {Status(message.status) for message, _ in found} == {Status.DONE}
    # Who comes when all is said is given what is kept.
    assert [answer.source for _, answer in found].count(Source.MODEL) == 1
    assert len({answer.answered_by for _, answer in found}) == 1
    assert sum(answer.completion_tokens for _, answer in found) == 60
    assert sum(answer.saved_completion_tokens for _, answer in found) == 9 * 60
    assert len(await fakes.requests()) == 1
    assert await flights() == []


async def test_who_joins_late_has_all_words_and_sees_them_come(
    caching: Process, other: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(fault={"kind": "drip", "after": 20, "pause": 0.1})
    await ask(caching, ada, QUESTION)
    await fakes.wait(sent=20)
    late = await ask(other, eve, QUESTION)
    async with screen(other.hub, eve, late.chat_id) as tab:
        await tab.until(lambda tab: tab.text(late.answer_id).startswith(words(20)))
        await tab.ended(late.answer_id)
        assert tab.text(late.answer_id) == words(60)
    assert len(await fakes.requests()) == 1
    assert (await row(late.answer_id))[1].source == Source.JOINED


@REAL
async def test_questions_that_differ_are_not_joined(
    caching: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    await ask(caching, ada, "[[say 30 words at 60/s]]")
    await ask(caching, eve, "[[say 31 words at 60/s]]")
    await ended(caching)
    assert len(await fakes.requests()) == 2


@REAL
async def test_nothing_else_of_whom_one_joins_comes_with_it(
    caching: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    """Both her answers are published on one channel."""
    await ask(caching, ada, QUESTION)
    await ask(caching, ada, "The private one of ada@example.org [[say 50 words at 60/s]]")
    await fakes.wait(received=2)
    joined = await ask(caching, eve, QUESTION)
    await ended(caching)
    message, _ = await row(joined.answer_id)
    assert message.text == words(60)
    kinds = {event.kind for event in await log.read(joined.chat_id, joined.answer_id)}
    assert kinds == {Kind.TEXT, Kind.END}


async def test_stopping_one_who_joined_stops_nobody_else(
    caching: Process, other: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(fault={"kind": "drip", "after": 20, "pause": 0.1})
    leading = await ask(caching, ada, QUESTION)
    await fakes.wait(sent=1)
    joined = await ask(other, eve, QUESTION)
    async with screen(other.hub, eve, joined.chat_id) as tab:
        await tab.until(lambda tab: tab.text(joined.answer_id).count("w") > 3)
        await service.stop(caching.runner, eve, joined.answer_id)
        assert (await tab.ended(joined.answer_id))["status"] == "stopped"
    await ended(caching, other)
    assert (await row(leading.answer_id))[0].text == words(60)
    message, _ = await row(joined.answer_id)
    assert message.status == Status.STOPPED
    assert words(60).startswith(message.text)
    assert (await fakes.requests())[0]["state"] == "done"


async def test_when_the_leader_is_stopped_one_of_the_others_leads(
    caching: Process, other: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(fault=STALL)
    leading = await ask(caching, ada, QUESTION)
    await fakes.wait(sent=20)
    joined = await by_all([caching, other], QUESTION, 6)
    await service.stop(caching.runner, ada, leading.answer_id)
    await ended(caching, other)
    message, _ = await row(leading.answer_id)
    assert message.status == Status.STOPPED
    found = await rows_of(joined)
    assert {(Status(message.status), message.text) for message, _ in found} == {
        (Status.DONE, words(60))
    }
    assert [r["state"] for r in await fakes.requests()] == ["closed_early", "done"]


@REAL
async def test_when_the_leader_begins_again_so_do_the_others(
    caching: Process, other: Process, fakes: ProviderServer
) -> None:
    await fakes.set("groq", first_token_delay=1, fault={"kind": "drop_after", "after": 20})
    asked = await by_all([caching, other], QUESTION, 6)
    await ended(caching, other)
    found = await rows_of(asked)
    assert {message.text for message, _ in found} == {words(60)}
    assert [r["provider"] for r in await fakes.requests()] == ["groq", "google"]
    # What came in two beginnings is not kept.
    assert [name async for name in cache_redis().scan_iter("cache:*:entry")] == []


@REAL
async def test_when_nobody_can_be_asked_not_everybody_tries(
    caching: Process, other: Process, fakes: ProviderServer
) -> None:
    await fakes.set(first_token_delay=1, fault={"kind": "error_in_band"})
    asked = await by_all([caching, other], QUESTION, 10)
    await ended(caching, other)
    found = await rows_of(asked)
    assert {(message.status, answer.problem) for message, answer in found} == {
        (Status.FAILED, MESSAGES["fail"])
    }
    assert len(await fakes.requests()) == 2


@REAL
async def test_an_answer_cut_by_all_is_cut_for_all(
    caching: Process, other: Process, fakes: ProviderServer
) -> None:
    await fakes.set(first_token_delay=1, fault={"kind": "drop_after", "after": 20})
    asked = await by_all([caching, other], QUESTION, 6)
    await ended(caching, other)
    found = await rows_of(asked)
    assert {(message.status, message.text) for message, _ in found} == {(Status.FAILED, words(20))}
    assert len(await fakes.requests()) == 2


@REAL
async def test_an_answer_at_the_models_limit_is_the_same_for_all(
    caching: Process, other: Process, fakes: ProviderServer
) -> None:
    await fakes.set(first_token_delay=1, finish_reason="length")
    asked = await by_all([caching, other], QUESTION, 4)
    await ended(caching, other)
    found = await rows_of(asked)
    assert {(message.text, answer.problem) for message, answer in found} == {
        (words(60), making.CUT_BY_MODEL)
    }
    assert len(await fakes.requests()) == 1


@REAL
async def test_a_fault_of_ours_is_tried_once_more_and_not_by_everybody(
    caching: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = joined = 0
    follow = flight.Flight._follow

    async def counted(*args: Any) -> Any:
        nonlocal joined
        joined += 1
        return await follow(*args)

    async def failing(*_args: Any) -> None:
        nonlocal tried
        tried += 1
        # Not before all others have joined: seven the first one, six the second.
        wanted = 7 if tried == 1 else 7 + 6
        async with asyncio.timeout(20):
            while joined < wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(flight.Flight, "_follow", counted)
    monkeypatch.setattr(making.Making, "_take_down", failing)
    asked = await by_all([caching], QUESTION, 8)
    await ended(caching)
    assert tried == flight.FAULTS
    problems = {answer.problem for _, answer in await rows_of(asked)}
    assert problems == {OUR_FAULT}


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
    await shelf.shelf().board(found, dead.encode(), 1.0)
    writer = LogWriter()
    writer.open(dead.user_id, dead.chat_id, dead.answer_id, 1).text("w0 w1 of another")
    await writer.flush()
    asked = await ask(caching, ada, QUESTION)
    async with screen(caching.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: tab.text(asked.answer_id) == "w0 w1 of another")
        assert await fakes.requests() == []
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
async def test_a_new_answer_joins_nobody(
    caching: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    old = await ask(caching, ada, QUESTION)
    await ended(caching)
    await shelf.shelf().forget([(await row(old.answer_id))[1].cache_key])
    leading = await ask(caching, eve, QUESTION)
    await fakes.wait(received=2)
    again = await service.ask_again(caching.runner, ada, old.answer_id)
    await ended(caching)
    for asked in (leading, again):
        assert (await row(asked.answer_id))[1].source == Source.MODEL
    assert len(await fakes.requests()) == 3


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
