"""Questions that wait in line while all members are at their limits."""

import asyncio
from uuid import UUID

import pytest

from chatapp import controls
from chatapp.answers import line, service
from chatapp.answers.line import LENGTH, Line
from chatapp.answers.order import Order
from chatapp.answers.place import FULL
from chatapp.answers.process import Process, answering
from chatapp.chats.models import Status
from chatapp.chats.service import NotFound
from chatapp.redis import redis
from chatapp.settings import Settings
from tests.answers.world import WAIT_SECONDS, Screen, ask, finished, row, screen, words
from tests.chats.people import person
from tests.fakes import ProviderServer

HELD = {"kind": "http_429", "retry_after": 300}
"""A provider at its limit for longer than any test."""


def at_limit(seconds: float, times: int = 1) -> dict[str, object]:
    return {"kind": "http_429", "retry_after_ms": int(seconds * 1000), "times": times}


async def stands(process: Process, count: int = 1) -> None:
    """Wait until so many questions have a place in this process's line."""
    async with asyncio.timeout(WAIT_SECONDS):
        while len(process.runner.line.waiting()) != count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def told(tab: Screen, answer_id: UUID) -> str:
    """What the tab says of the question's place."""
    return ((tab.values.get(f"m:{answer_id}") or {}).get("line") or {}).get("words", "")


async def test_a_question_waits_for_room_and_is_then_answered(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set("groq", fault=at_limit(3))
    await fakes.set("google", fault=at_limit(3))
    asked = await ask(process, ada, "[[say 5 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: told(tab, asked.answer_id))
        assert told(tab, asked.answer_id) == "You are next in line, less than a minute."
        assert tab.status(asked.answer_id) == Status.QUEUED
        assert (await row(asked.answer_id))[0].status == Status.QUEUED
        view = await tab.ended(asked.answer_id)
        assert (view["status"], tab.text(asked.answer_id)) == (Status.DONE, words(5))
        assert view["line"] is None
    assert process.runner.line.waiting() == []
    states = [request["state"] for request in await fakes.requests()]
    assert states.count("done") == 1


async def test_who_comes_later_stands_behind_and_overtakes_nobody(
    process: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(fault=HELD)
    first = await ask(process, ada, "first [[say 2 words]]")
    await stands(process)
    second = await ask(process, eve, "second [[say 2 words]]")
    await stands(process, 2)
    async with screen(process.hub, eve, second.chat_id) as tab:
        await tab.until(lambda tab: "2nd in line" in told(tab, second.answer_id))
        assert "about 5 min" in told(tab, second.answer_id)
        assert len(await fakes.requests()) == 2  # nobody was asked for the second one
        await service.stop(process.runner, ada, first.answer_id)
        await tab.until(lambda tab: "next in line" in told(tab, second.answer_id))
        await service.stop(process.runner, eve, second.answer_id)
        assert (await tab.ended(second.answer_id))["status"] == Status.STOPPED
    assert (await row(first.answer_id))[0].status == Status.STOPPED
    assert process.runner.line.waiting() == []
    assert await redis().zcard("{line:}:order") == 0


async def test_a_heavy_user_stands_behind_a_light_one(
    process: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    for _ in range(3):
        await ask(process, ada, "[[say 1 words]]")
        await finished(process)
    await fakes.set(fault=HELD)
    heavy = await ask(process, ada, "[[say 2 words]]")
    await stands(process)
    light = await ask(process, eve, "[[say 2 words]]")
    async with screen(process.hub, ada, heavy.chat_id) as tab:
        await tab.until(lambda tab: "2nd in line" in told(tab, heavy.answer_id))
    for who, asked in ((ada, heavy), (eve, light)):
        await service.stop(process.runner, who, asked.answer_id)
    await finished(process)


async def test_all_who_wait_are_asked_once_each_when_there_is_room(
    process: Process, fakes: ProviderServer
) -> None:
    people = [await person(f"person{number}") for number in range(8)]
    await fakes.set("groq", fault=at_limit(2))
    await fakes.set("google", fault=at_limit(2))
    asked = [await ask(process, who, f"[[say {n} words]]") for n, who in enumerate(people, 1)]
    await finished(process)
    for number, one in enumerate(asked, 1):
        message, _ = await row(one.answer_id)
        assert (message.status, message.text) == (Status.DONE, words(number))
    done = [r for r in await fakes.requests() if r["state"] == "done"]
    assert len(done) == len(asked)


async def test_a_quota_that_providers_enforce_is_used_by_all_in_turn(
    process: Process, fakes: ProviderServer
) -> None:
    people = [await person(f"person{number}") for number in range(7)]
    await fakes.set(limits={"rpm": 2, "minute": 3})
    asked = [await ask(process, who, "[[say 2 words]]") for who in people]
    await finished(process)
    assert {(await row(one.answer_id))[0].status for one in asked} == {Status.DONE}
    requests = await fakes.requests()
    assert [request["state"] for request in requests].count("done") == len(asked)
    # Who stands in line asks nobody before there is room: a refusal is of those who came at once.
    assert len(requests) - len(asked) <= 2 * len(asked)


async def test_a_full_line_says_so(
    process: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    await controls.change(LENGTH, 1, None)
    await fakes.set(fault=HELD)
    first = await ask(process, ada, "first")
    await stands(process)
    second = await ask(process, eve, "second")
    async with screen(process.hub, eve, second.chat_id) as tab:
        view = await tab.ended(second.answer_id)
    assert (view["status"], view["problem"]) == (Status.FAILED, FULL)
    await service.stop(process.runner, ada, first.answer_id)
    await finished(process)


async def test_a_line_that_redis_forgot_stands_again(
    process: Process, ada: UUID, fakes: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "LOOK", 0.1)
    await fakes.set(fault=HELD)
    asked = await ask(process, ada, "first")
    await stands(process)
    key = "{line:}:order"
    async with asyncio.timeout(WAIT_SECONDS):
        while not (before := await redis().zrange(key, 0, -1, withscores=True)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await redis().delete(key, "{line:}:alive")
        while await redis().zrange(key, 0, -1, withscores=True) != before:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await service.stop(process.runner, ada, asked.answer_id)
    await finished(process)


async def test_while_redis_is_away_a_process_has_a_line_of_its_own(
    process: Process,
    ada: UUID,
    eve: UUID,
    fakes: ProviderServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def away(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(Order, "_run", away)
    await fakes.set("groq", fault=at_limit(2))
    await fakes.set("google", fault=at_limit(2))
    asked = [await ask(process, who, "[[say 2 words]]") for who in (ada, eve)]
    await finished(process)
    assert [(await row(one.answer_id))[0].text for one in asked] == [words(2)] * 2
    assert [r["state"] for r in await fakes.requests()].count("done") == 2


async def test_what_is_handed_over_keeps_its_place(
    with_pool: Settings, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(fault=HELD)
    async with answering() as old:
        first = await ask(old, ada, "first")
        await stands(old)
        second = await ask(old, eve, "second")
        await stands(old, 2)
        async with screen(old.hub, eve, second.chat_id) as tab:
            await tab.until(lambda tab: "2nd in line" in told(tab, second.answer_id))
    async with answering() as new:
        await stands(new, 2)
        async with screen(new.hub, ada, first.chat_id) as tab:
            await tab.until(lambda tab: "next in line" in told(tab, first.answer_id))
        for who, asked in ((ada, first), (eve, second)):
            assert (await row(asked.answer_id))[1].epoch == 2
            await service.stop(new.runner, who, asked.answer_id)
        await finished(new)


async def test_only_the_owner_changes_what_waits(
    process: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(fault=HELD)
    asked = await ask(process, ada, "mine")
    await stands(process)
    for who, tier in ((eve, "fast"), (ada, "fast"), (ada, "none")):
        # To nobody else, and not to what is no smaller tier.
        with pytest.raises(NotFound):
            await service.use_smaller(process.runner, who, asked.answer_id, tier)
    assert process.runner.line.waiting() == [asked.answer_id]
    await service.stop(process.runner, ada, asked.answer_id)
    await finished(process)


def test_nobody_stands_in_a_line_that_is_not_there(process: Process) -> None:
    assert isinstance(process.runner.line, Line)
    assert not process.runner.line.stands("fast")
