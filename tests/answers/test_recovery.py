"""A process that dies or ends: another goes on with its answers, and nobody does it twice."""

import asyncio
from uuid import UUID

import pytest

from chatapp import leaving
from chatapp.answers import lease, repository, service
from chatapp.answers.ending import shown
from chatapp.answers.events import Kind
from chatapp.answers.log import read
from chatapp.answers.log_writer import LogWriter
from chatapp.answers.mirror import Ending
from chatapp.answers.process import Process, answering
from chatapp.answers.repository import Outcome
from chatapp.answers.runner import INTERRUPTED
from chatapp.answers.takeover import TAKEOVERS
from chatapp.chats import repository as chats
from chatapp.chats.models import Status
from chatapp.database import transaction
from chatapp.settings import Settings
from tests.answers.orphans import left_behind
from tests.answers.world import ask, finished, row, screen, words
from tests.fakes import ProviderServer


@pytest.mark.parametrize("shown", ["", "w0 w1 of another"])
async def test_what_a_dead_process_left_is_made_by_another(
    process: Process, ada: UUID, shown: str
) -> None:
    chat, message = await left_behind(ada, shown)
    async with screen(process.hub, ada, chat.id) as tab:
        assert tab.text(message.id) == shown
        view = await tab.ended(message.id)
        assert tab.text(message.id) == words(20)
    kept, answer = await row(message.id)
    assert (kept.status, kept.text, answer.epoch) == (Status.DONE, words(20), 2)
    assert view["problem"] == ""
    # At no time were the two versions mixed.
    seen: dict[str, object] = {}
    for values in tab.updates:
        seen |= values
        tab.values = seen
        assert tab.text(message.id) in (shown, words(20)) or words(20).startswith(
            tab.text(message.id)
        )


async def test_a_tab_that_comes_back_shows_nothing_of_before(process: Process, ada: UUID) -> None:
    """Words that were taken back meanwhile may be more than there are now."""
    me = process.runner.name
    chat, message = await left_behind(ada, words(400), runner=me)
    process.runner._tasks[message.id] = asyncio.create_task(asyncio.sleep(60))
    async with screen(process.hub, ada, chat.id) as tab:
        await tab.until(lambda tab: tab.text(message.id) == words(400))
    writer = LogWriter()
    writer.open(ada, chat.id, message.id, 2).text(words(90))
    await writer.flush()
    async with screen(process.hub, ada, chat.id) as again:
        # The page keeps what it was sent.
        again.values = tab.values | again.values
        assert again.text(message.id) == words(90)
    process.runner._tasks.pop(message.id).cancel()


async def test_a_late_writer_changes_nothing(process: Process, ada: UUID) -> None:
    chat, message = await left_behind(ada, "old")
    writer = LogWriter()
    late = writer.open(ada, chat.id, message.id, 1)
    async with screen(process.hub, ada, chat.id) as tab:
        await tab.ended(message.id)
        before = await row(message.id)
        logged = await read(chat.id, message.id)
        late.text("late words")
        late.text("and later ones")
        outcome = Outcome(Status.FAILED, "late", "late")
        late.add(Kind.END, Ending.of(outcome).told() | shown(outcome, unseen=True))
        await writer.flush()
        async with transaction() as session:
            assert not await repository.finish(
                session, chat.id, message.id, 1, outcome, unseen=True
            )
            assert not await repository.begin(session, message.id, "late", 2)
        await service.rename_chat(ada, chat.id, "told last")
        await tab.until(lambda tab: "told last" in str(tab.values["sidebar"]))
        assert tab.text(message.id) == words(20)
    assert await row(message.id) == before
    assert await read(chat.id, message.id) == logged


async def test_an_answer_over_which_processes_die_is_given_up(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    chat, message = await left_behind(ada, "what came", epoch=TAKEOVERS + 1)
    async with screen(process.hub, ada, chat.id) as tab:
        view = await tab.ended(message.id)
        assert tab.text(message.id) == "what came"
    kept, answer = await row(message.id)
    assert (kept.status, kept.text) == (Status.FAILED, "what came")
    assert view["problem"] == answer.problem == INTERRUPTED
    assert await fakes.requests() == []


async def test_an_answer_that_was_handed_over_often_is_not_given_up_when_its_process_dies(
    process: Process, ada: UUID
) -> None:
    chat, message = await left_behind(ada, "", epoch=TAKEOVERS + 1, handed_over=TAKEOVERS)
    async with screen(process.hub, ada, chat.id) as tab:
        await tab.ended(message.id)
    assert (await row(message.id))[0].text == words(20)


async def test_answers_of_a_living_process_are_left_to_it(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(tokens_per_second=100)
    asked = await ask(process, ada, "[[say 400 words]]")
    async with answering():
        await finished(process)
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text) == (Status.DONE, words(400))
    assert (answer.runner, answer.epoch) == (process.runner.name, 1)
    assert len(await fakes.requests()) == 1


async def test_stopping_reaches_the_process_that_runs_the_answer(
    process: Process, other: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(tokens_per_second=20)
    asked = await ask(process, ada, "[[say 10000 words]]")
    async with screen(other.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: tab.text(asked.answer_id).count("w") > 2)
        await service.stop(other.runner, ada, asked.answer_id)
        assert (await tab.ended(asked.answer_id))["status"] == "stopped"
        shown = tab.text(asked.answer_id)
    assert (await row(asked.answer_id))[0].text == shown
    await fakes.wait(closed_early=1)


async def test_a_process_that_ends_hands_its_answers_over(
    with_pool: Settings, ada: UUID, fakes: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatapp.answers.process.DRAIN", 0.0)
    await fakes.set(tokens_per_second=20)
    async with answering() as first:
        asked = await ask(first, ada, "[[say 30 words]]")
        await fakes.wait(sent=3)
    await fakes.wait(closed_early=1)
    message, answer = await row(asked.answer_id)
    assert Status(message.status).running
    assert (answer.ended_at, answer.runner, answer.handed_over) == (None, "", 1)
    assert not await lease.lives(first.runner.name)
    await fakes.set(tokens_per_second=0)
    async with answering() as second, screen(second.hub, ada, asked.chat_id) as tab:
        await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) == words(30)
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text, answer.epoch) == (Status.DONE, words(30), 2)
    assert answer.runner == second.runner.name


async def test_answers_are_handed_over_in_time_though_sockets_stay_open(
    with_pool: Settings, ada: UUID, fakes: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatapp.answers.process.DRAIN", 0.0)
    monkeypatch.setattr(leaving, "_leaving", asyncio.Event())
    await fakes.set(tokens_per_second=20)
    async with answering() as leaver:
        asked = await ask(leaver, ada, "[[say 400 words]]")
        await fakes.wait(sent=3)
        leaving.begin()
        # The process still has its sockets, and may have them for long.
        await finished(leaver)
        message, answer = await row(asked.answer_id)
        assert Status(message.status).running
        assert (answer.ended_at, answer.runner) == (None, "")


async def test_what_is_asked_of_a_process_that_ends_is_kept_and_made_by_another(
    with_pool: Settings, ada: UUID, fakes: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "_leaving", asyncio.Event())
    async with answering() as leaver:
        leaving.begin()
        asked = await ask(leaver, ada, "[[say 30 words]]")
        again = await ask(leaver, ada, "[[say 30 words]] elsewhere")
        assert leaver.runner.count == 0
        assert [(await row(each.answer_id))[1].runner for each in (asked, again)] == ["", ""]
    assert await fakes.requests() == []
    monkeypatch.setattr(leaving, "_leaving", asyncio.Event())
    async with answering() as second, screen(second.hub, ada, asked.chat_id) as tab:
        await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) == words(30)
        await finished(second)
    message, answer = await row(again.answer_id)
    assert (message.status, message.text, answer.epoch) == (Status.DONE, words(30), 2)


async def test_a_process_that_ends_finishes_what_is_nearly_done(
    with_pool: Settings, ada: UUID, fakes: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatapp.answers.process.DRAIN", 10.0)
    monkeypatch.setattr(
        "chatapp.answers.process.settings", lambda: with_pool.model_copy(update={"redis_url": "x"})
    )
    async with answering() as first:
        asked = await ask(first, ada, "[[say 60 words at 100/s]]")
        await fakes.wait(sent=3)
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text, answer.epoch) == (Status.DONE, words(60), 1)


async def test_what_a_living_process_has_lost_sight_of_is_made_all_the_same(
    process: Process, ada: UUID
) -> None:
    """Nothing could be written of it, for want of a database; its chat is not held for ever."""
    chat, message = await left_behind(ada, "", runner=process.runner.name)
    async with screen(process.hub, ada, chat.id) as tab:
        await tab.ended(message.id)
        assert tab.text(message.id) == words(20)
    async with transaction() as session:
        assert await chats.running(session, ada, chat.id) is None
