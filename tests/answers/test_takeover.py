"""What an answer keeps when its process is no more, and who hears of a Stop then."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest
from redis.exceptions import ConnectionError as Unreachable
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp import leaving
from chatapp.answers import lease, repository, service
from chatapp.answers.events import Kind
from chatapp.answers.hub import Hub
from chatapp.answers.job import Job
from chatapp.answers.log_writer import LogWriter
from chatapp.answers.process import Process, answering
from chatapp.answers.runner import Runner
from chatapp.answers.takeover import TAKEOVERS, Takeover
from chatapp.chats.models import Status
from chatapp.database import transaction
from chatapp.settings import Settings
from tests.answers.orphans import left_behind, many_left_behind
from tests.answers.world import WAIT_SECONDS, ask, finished, row, screen, words
from tests.fakes import ProviderServer

MANY = 600
"""More answers than one process makes at once when all is well."""


async def test_what_was_shown_is_kept_when_nobody_can_be_asked_any_more(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(fault={"kind": "http_500"})
    chat, message = await left_behind(ada, "what came")
    async with screen(process.hub, ada, chat.id) as tab:
        view = await tab.ended(message.id)
        assert "".join(view["blocks"] or tab.blocks(message.id)) == "what came"
    kept, answer = await row(message.id)
    assert (kept.status, kept.text, answer.epoch) == (Status.FAILED, "what came", 2)


async def test_what_was_shown_is_kept_when_it_is_stopped_before_anything_follows(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(fault={"kind": "stall"})
    chat, message = await left_behind(ada, "what came")
    async with screen(process.hub, ada, chat.id) as tab:
        await fakes.wait(received=1)
        await service.stop(process.runner, ada, message.id)
        view = await tab.ended(message.id)
        assert "".join(view["blocks"] or tab.blocks(message.id)) == "what came"
    kept, _ = await row(message.id)
    assert (kept.status, kept.text) == (Status.STOPPED, "what came")


async def test_words_that_were_taken_back_are_not_among_those_that_are_kept(
    process: Process, ada: UUID
) -> None:
    chat, message = await left_behind(ada, "", epoch=TAKEOVERS + 1)
    writer = LogWriter()
    log = writer.open(ada, chat.id, message.id, TAKEOVERS + 1)
    log.text("one that broke off")
    log.add(Kind.RESTART)
    log.text("another")
    await writer.flush()
    async with screen(process.hub, ada, chat.id) as tab:
        await tab.ended(message.id)
    assert (await row(message.id))[0].text == "another"


async def test_who_is_no_more_has_all_its_answers_taken_over_at_the_second_look(
    installation: Settings, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = await many_left_behind(ada, MANY)
    runner, taken = Runner(Hub()), list[Job]()
    takeover = Takeover(runner)
    monkeypatch.setattr(runner, "start", taken.append)
    await takeover.look()
    assert taken == []
    await takeover.look()
    assert {job.answer_id for job in taken} == left


async def test_a_stop_for_a_dead_process_is_done_by_who_takes_over(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    chat, message = await left_behind(ada, "what came")
    async with screen(process.hub, ada, chat.id) as tab:
        await service.stop(process.runner, ada, message.id)
        assert (await tab.ended(message.id))["status"] == "stopped"
    assert (await row(message.id))[0].text == "what came"
    assert await fakes.requests() == []


async def test_a_stop_that_was_not_heard_is_done_all_the_same(
    process: Process,
    other: Process,
    ada: UUID,
    fakes: ProviderServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chatapp.answers.way.ask_to_stop", lambda *_: asyncio.sleep(0))
    await fakes.set(tokens_per_second=20)
    asked = await ask(process, ada, "[[say 10000 words]]")
    async with screen(other.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: tab.text(asked.answer_id).count("w") > 2)
        await service.stop(other.runner, ada, asked.answer_id)
        assert (await tab.ended(asked.answer_id))["status"] == "stopped"
    message, answer = await row(asked.answer_id)
    assert (answer.epoch, words(100).startswith(message.text)) == (1, True)


async def test_a_stop_reaches_who_has_taken_over_from_a_process_that_goes_on(
    process: Process,
    other: Process,
    ada: UUID,
    fakes: ProviderServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    beat = lease.beat

    async def unheard(name: str) -> bool:
        if name == process.runner.name:
            raise Unreachable("away")
        return await beat(name)

    monkeypatch.setattr(lease, "beat", unheard)
    await fakes.set(tokens_per_second=20)
    asked = await ask(process, ada, "[[say 10000 words]]")
    await lease.leave(process.runner.name)
    await fakes.wait(received=2)
    async with screen(other.hub, ada, asked.chat_id) as tab:
        await service.stop(process.runner, ada, asked.answer_id)
        assert (await tab.ended(asked.answer_id))["status"] == "stopped"
    await finished(process)
    assert (await row(asked.answer_id))[1].epoch == 2
    await fakes.wait(closed_early=2)


async def test_a_stop_while_an_answer_is_handed_over_is_done_by_who_gets_it(
    with_pool: Settings, ada: UUID, fakes: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatapp.answers.process.DRAIN", 0.0)
    monkeypatch.setattr(leaving, "_leaving", asyncio.Event())
    handing_over, go_on = asyncio.Event(), asyncio.Event()
    await fakes.set(tokens_per_second=20)
    async with answering() as leaver:
        hand_over = leaver.runner._hand_over

        async def slowly(job: Job) -> None:
            handing_over.set()
            await go_on.wait()
            await hand_over(job)

        monkeypatch.setattr(leaver.runner, "_hand_over", slowly)
        asked = await ask(leaver, ada, "[[say 10000 words]]")
        await fakes.wait(sent=3)
        leaving.begin()
        await handing_over.wait()
        await service.stop(leaver.runner, ada, asked.answer_id)
        go_on.set()
        await finished(leaver)
    monkeypatch.setattr(leaving, "_leaving", asyncio.Event())
    async with answering() as second, screen(second.hub, ada, asked.chat_id) as tab:
        assert (await tab.ended(asked.answer_id))["status"] == "stopped"
    assert (await row(asked.answer_id))[1].epoch == 2
    assert len(await fakes.requests()) == 1


async def test_what_is_asked_while_a_lapsed_lease_is_looked_at_goes_on(
    process: Process, ada: UUID, fakes: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, go_on = asyncio.Event(), asyncio.Event()
    run_by = repository.run_by

    async def slow(session: AsyncSession, runner: str, answer_ids: Sequence[UUID]) -> set[UUID]:
        found = await run_by(session, runner, answer_ids)
        looked.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(repository, "run_by", slow)
    await lease.leave(process.runner.name)
    async with asyncio.timeout(WAIT_SECONDS):
        await looked.wait()
    asked = await ask(process, ada, "[[say 30 words at 30/s]]")
    await fakes.wait(sent=3)
    go_on.set()
    await finished(process)
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text, answer.epoch) == (Status.DONE, words(30), 1)


async def test_what_others_have_taken_over_meanwhile_is_left_to_them(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(tokens_per_second=20)
    asked = await ask(process, ada, "[[say 10000 words]]")
    await fakes.wait(sent=3)
    async with transaction() as session:
        assert await repository.begin(session, asked.answer_id, "another", 2)
    await lease.beat("another")
    await lease.leave(process.runner.name)
    await finished(process)
    await fakes.wait(closed_early=1)
    answer = (await row(asked.answer_id))[1]
    assert (answer.runner, answer.epoch, answer.ended_at) == ("another", 2, None)


async def test_a_process_whose_database_hangs_still_says_that_it_lives(
    with_pool: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging, enough = asyncio.Event(), asyncio.Event()
    beats: list[str] = []
    beat = lease.beat

    async def hang(_session: AsyncSession) -> dict[str, bool]:
        hanging.set()
        await asyncio.Event().wait()
        return {}

    async def counted(process: str) -> bool:
        beats.append(process)
        if hanging.is_set() and len(beats) > 5:
            enough.set()
        return await beat(process)

    monkeypatch.setattr(repository, "runners", hang)
    monkeypatch.setattr(lease, "beat", counted)
    monkeypatch.setattr(lease, "BEAT", 0.02)
    async with answering() as process, asyncio.timeout(WAIT_SECONDS):
        await enough.wait()
        assert set(beats) == {process.runner.name}
