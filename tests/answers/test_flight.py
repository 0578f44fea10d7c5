"""Equal questions at once are one question to a model; everybody has the whole answer."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from chatapp.answers import asking, flight, log, making, service, shelf
from chatapp.answers.events import Kind
from chatapp.answers.models import Source
from chatapp.answers.process import Process
from chatapp.answers.runner import OUR_FAULT
from chatapp.chats.models import Status
from chatapp.pool.errors import MESSAGES
from chatapp.redis import cache_redis
from tests.answers.flying import QUESTION, REAL, STALL, by_all, ended, flights, rows_of
from tests.answers.world import ask, row, screen, words
from tests.fakes import ProviderServer


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
async def test_a_new_answer_joins_nobody(
    caching: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    old = await ask(caching, ada, QUESTION)
    await ended(caching)
    await shelf.shelf().forget([(await row(old.answer_id))[1].cache_key])
    leading = await ask(caching, eve, QUESTION)
    await fakes.wait(received=2)
    again = await asking.ask_again(caching.runner, ada, old.answer_id)
    await ended(caching)
    for asked in (leading, again):
        assert (await row(asked.answer_id))[1].source == Source.MODEL
    assert len(await fakes.requests()) == 3
