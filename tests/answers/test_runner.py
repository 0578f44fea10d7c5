"""Every answer ends: whole, stopped or failed, and what was shown is kept."""

import asyncio
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError

from chatapp import controls
from chatapp.answers import asking, hearing, log, repository, request, service
from chatapp.answers.events import Kind
from chatapp.answers.making import CUT_BY_MODEL, TOO_LONG
from chatapp.answers.models import Answer
from chatapp.answers.process import Process
from chatapp.answers.runner import OUR_FAULT
from chatapp.answers.staying import stay
from chatapp.answers.views import answered_by
from chatapp.chats.models import Status
from chatapp.database import new_id
from chatapp.pool.errors import CUT, MESSAGES
from tests.answers.world import KEYS, LABELS, ask, finished, row, screen, words
from tests.fakes import ProviderServer

BEFORE = ["http_429", "http_500", "auth", "drop", "garbage", "empty", "error_in_band"]
WITHIN = ["error_in_band", "drop_after", "close_after", "end_without_finish"]


async def test_a_whole_answer(process: Process, ada: UUID, fakes: ProviderServer) -> None:
    asked = await ask(process, ada, "please [[say 40 words]]")
    await finished(process)
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text, answer.problem) == (Status.DONE, words(40), "")
    assert answer.answered_by == LABELS["groq"]
    assert [attempt["outcome"] for attempt in answer.attempts] == ["ok"]
    assert answer.completion_tokens == 40
    assert answer.prompt_tokens > 0
    assert answer.ended_at is not None
    assert answer.first_token_ms is not None
    assert answer.duration_ms is not None
    assert answer.duration_ms >= answer.first_token_ms
    await fakes.wait(done=1)


async def test_groq_and_gemini_take_turns(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    by: list[str] = []
    chat_id = None
    for _ in range(4):
        asked = await ask(process, ada, "[[say 2 words]]", chat_id)
        await finished(process)
        chat_id = asked.chat_id
        by.append((await row(asked.answer_id))[1].answered_by)
    assert by == [LABELS["groq"], LABELS["google"]] * 2
    assert [r["provider"] for r in await fakes.requests()] == ["groq", "google"] * 2


async def test_a_conversation_stays_with_who_answered_it_if_admins_want_so(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await controls.change(stay, True, by=None)
    try:
        first = await ask(process, ada, "[[say 2 words]]")
        await finished(process)
        for chat_id in (first.chat_id, None, first.chat_id):
            await ask(process, ada, "[[say 2 words]]", chat_id)
            await finished(process)
    finally:
        await controls.change(stay, False, by=None)
    # The third question began a conversation, whose turn was Gemini's.
    assert [r["provider"] for r in await fakes.requests()] == ["groq", "groq", "google", "groq"]


async def test_one_at_its_limit_is_named_though_it_was_not_asked(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set("groq", fault={"kind": "http_429", "retry_after": 60})
    await ask(process, ada, "[[say 2 words]]")
    await finished(process)
    asked = await ask(process, ada, "[[say 2 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        view = await tab.ended(asked.answer_id)
    assert view["by"].startswith(f"{LABELS['google']}, after {LABELS['groq']} was at its limit · ")
    assert [r["provider"] for r in await fakes.requests()] == ["groq", "google", "google"]
    _, answer = await row(asked.answer_id)
    assert [attempt["outcome"] for attempt in answer.attempts] == ["passed", "ok"]


async def test_the_line_under_an_answer_stays_short() -> None:
    failed = [{"member": f"m{n}", "label": f"M{n}", "why": "was busy"} for n in range(5)]
    last = {"member": "m9", "label": "M9", "outcome": "ok"}
    answer = Answer(
        id=new_id(),
        chat_id=new_id(),
        user_id=new_id(),
        answered_by="M9",
        attempts=[*failed, failed[0] | {"member": "m9"}, last],
        duration_ms=1200,
    )
    assert answered_by(answer) == "M9, after M0 was busy, M1 was busy and 3 more · 1.2 s"


@pytest.mark.parametrize("kind", BEFORE)
async def test_an_error_before_the_first_word_is_not_seen(
    process: Process, ada: UUID, fakes: ProviderServer, kind: str
) -> None:
    await fakes.set("groq", fault={"kind": kind})
    asked = await ask(process, ada, "[[say 9 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        view = await tab.ended(asked.answer_id)
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text, answer.problem) == (Status.DONE, words(9), "")
    assert answer.answered_by == LABELS["google"]
    assert len(answer.attempts) == 2
    assert view["problem"] == ""
    assert view["by"].startswith(f"{LABELS['google']}, after {LABELS['groq']} ")
    assert tab.text(asked.answer_id) == words(9)


@pytest.mark.parametrize("kind", WITHIN)
async def test_after_a_cut_another_provider_begins_again_and_nothing_is_joined(
    process: Process, ada: UUID, fakes: ProviderServer, kind: str
) -> None:
    await fakes.set("groq", fault={"kind": kind, "after": 5})
    asked = await ask(process, ada, "[[say 9 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        view = await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) == words(9)
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text, answer.problem) == (Status.DONE, words(9), "")
    assert view["by"].startswith(f"{LABELS['google']}, after {LABELS['groq']} ")
    kinds = [event.kind for event in await log.read(asked.chat_id, asked.answer_id)]
    assert kinds.count(Kind.RESTART) == 1


@pytest.mark.parametrize("kind", WITHIN)
async def test_a_cut_by_all_keeps_the_last_words_and_says_so(
    process: Process, ada: UUID, fakes: ProviderServer, kind: str
) -> None:
    await fakes.set(fault={"kind": kind, "after": 5})
    asked = await ask(process, ada, "[[say 9 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        view = await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) == words(5)
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text, answer.problem) == (Status.FAILED, words(5), CUT)
    assert (view["status"], view["problem"]) == ("failed", CUT)


async def test_when_nobody_answers_it_says_why(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(fault={"kind": "http_500"})
    asked = await ask(process, ada, "hello")
    await finished(process)
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text) == (Status.FAILED, "")
    assert answer.problem == MESSAGES["fail"]
    assert len(answer.attempts) == len(await fakes.requests()) == 2


@pytest.mark.parametrize("kind", ["auth", "http_500", "http_400", "error_in_band"])
@pytest.mark.parametrize("after", [0, 3])
async def test_a_providers_words_and_the_keys_stay_inside(
    process: Process,
    ada: UUID,
    fakes: ProviderServer,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    after: int,
) -> None:
    caplog.set_level("DEBUG")
    await fakes.set(fault={"kind": kind, "after": after})
    asked = await ask(process, ada, "[[say 9 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.ended(asked.answer_id)
    message, answer = await row(asked.answer_id)
    told = f"{tab.updates} {message!r} {answer!r} {answer.attempts} {caplog.text}"
    for secret in (*KEYS.values(), "Failed with", "the key "):
        assert secret not in told


async def test_stopping_keeps_the_part_and_closes_the_connection(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(tokens_per_second=20)
    asked = await ask(process, ada, "[[say 10000 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: tab.text(asked.answer_id).count("w") >= 3)
        await service.stop(process.runner, ada, asked.answer_id)
        view = await tab.ended(asked.answer_id)
        shown = tab.text(asked.answer_id)
    message, answer = await row(asked.answer_id)
    assert (message.status, answer.problem) == (Status.STOPPED, "")
    assert view["status"] == "stopped"
    assert message.text == shown
    assert words(10_000).startswith(shown)
    assert [attempt["outcome"] for attempt in answer.attempts] == ["stopped"]
    (request,) = await fakes.wait(closed_early=1)
    assert len(request["sent"]) < 100
    # What was stopped stays so.
    await service.stop(process.runner, ada, asked.answer_id)
    assert (await row(asked.answer_id))[0].status == Status.STOPPED


async def test_stopping_before_the_first_word(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(fault={"kind": "stall"})
    asked = await ask(process, ada, "hello")
    await fakes.wait(received=1)
    await service.stop(process.runner, ada, asked.answer_id)
    await finished(process)
    message, _ = await row(asked.answer_id)
    assert (message.status, message.text) == (Status.STOPPED, "")
    await fakes.wait(closed_early=1)


class Gate:
    """Holds a function up until it is let go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()
        function = getattr(module, name)

        async def held(*args: Any, **named: Any) -> Any:
            self.reached.set()
            await self.open.wait()
            return await function(*args, **named)

        monkeypatch.setattr(module, name, held)


MOMENTS = {"first": (request, "prompt"), "last": (repository, "finish")}


@pytest.mark.parametrize("word", MOMENTS)
async def test_a_stop_that_races_a_word_leaves_no_answer_running(
    process: Process, ada: UUID, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    gate = Gate(monkeypatch, *MOMENTS[word])
    asked = await ask(process, ada, "[[say 3 words]]")
    await gate.reached.wait()
    for _ in range(3):
        process.runner.stop(asked.answer_id)
        await asyncio.sleep(0)
    gate.open.set()
    await finished(process)
    message, answer = await row(asked.answer_id)
    assert answer.ended_at is not None
    assert message.status == (Status.STOPPED if word == "first" else Status.DONE)
    assert message.text == ("" if word == "first" else words(3))
    await ask(process, ada, "and on", asked.chat_id)
    await finished(process)


async def test_a_stop_before_anything_has_begun_is_a_stop(process: Process, ada: UUID) -> None:
    asked = await ask(process, ada, "[[say 3 words]]")
    assert process.runner.stop(asked.answer_id)
    await finished(process)
    message, _ = await row(asked.answer_id)
    assert (message.status, message.text) == (Status.STOPPED, "")


async def test_stopping_twice_is_stopping(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(tokens_per_second=20)
    asked = await ask(process, ada, "[[say 10000 words]]")
    await fakes.wait(sent=2)
    await asyncio.gather(
        *(service.stop(process.runner, ada, asked.answer_id) for _ in range(5)),
    )
    await finished(process)
    assert (await row(asked.answer_id))[0].status == Status.STOPPED


async def test_an_end_that_cannot_be_saved_is_saved_later(
    process: Process, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = repository.finish
    faults = [OperationalError("", {}, Exception("away"))] * 2

    async def flaky(*args: Any, **named: Any) -> Any:
        if faults:
            raise faults.pop()
        return await function(*args, **named)

    monkeypatch.setattr(repository, "finish", flaky)
    asked = await ask(process, ada, "[[say 7 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) == words(7)
    message, _ = await row(asked.answer_id)
    assert (message.status, message.text) == (Status.DONE, words(7))


async def test_a_beginning_waits_for_a_database_that_is_away(
    process: Process, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = request.prompt
    faults = [OperationalError("", {}, Exception("away"))] * 2

    async def flaky(*args: Any, **named: Any) -> Any:
        if faults:
            raise faults.pop()
        return await function(*args, **named)

    monkeypatch.setattr(request, "prompt", flaky)
    asked = await ask(process, ada, "[[say 7 words]]")
    await finished(process)
    message, _ = await row(asked.answer_id)
    assert (message.status, message.text) == (Status.DONE, words(7))


async def test_a_fault_of_ours_is_told_plainly(
    process: Process, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_args: Any) -> Any:
        raise ProgrammingError("SELECT secret", {}, Exception("no such thing"))

    with monkeypatch.context() as patch:
        patch.setattr(request, "prompt", failing)
        asked = await ask(process, ada, "hello")
        await finished(process)
    message, answer = await row(asked.answer_id)
    assert (message.status, answer.problem) == (Status.FAILED, OUR_FAULT)
    await asking.ask_again(process.runner, ada, asked.answer_id)
    await finished(process)


async def test_an_answer_without_end_is_ended(
    process: Process, ada: UUID, fakes: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "LONGEST_ANSWER", 1_000)
    await fakes.set(tokens_per_second=2_000)
    asked = await ask(process, ada, "[[say 100000 words]]")
    await finished(process)
    message, answer = await row(asked.answer_id)
    assert (message.status, answer.problem) == (Status.DONE, TOO_LONG)
    assert 1_000 < len(message.text) < 20_000
    assert words(100_000).startswith(message.text)
    await fakes.wait(closed_early=1)


async def test_an_answer_at_the_models_limit_says_so(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(finish_reason="length")
    asked = await ask(process, ada, "[[say 9 words]]")
    await finished(process)
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text) == (Status.DONE, words(9))
    assert answer.problem == CUT_BY_MODEL


async def test_deleting_a_chat_stops_what_runs_in_it(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(tokens_per_second=20)
    asked = await ask(process, ada, "[[say 10000 words]]")
    await fakes.wait(sent=2)
    await service.delete_chat(process.runner, ada, asked.chat_id)
    await finished(process)
    await fakes.wait(closed_early=1)
    await service.restore_chat(ada, asked.chat_id)
    message, _ = await row(asked.answer_id)
    assert message.status == Status.STOPPED
    assert words(10_000).startswith(message.text)


async def test_an_answer_needs_nobody_who_looks(process: Process, ada: UUID) -> None:
    async with screen(process.hub, ada, None):
        asked = await ask(process, ada, "[[say 30 words at 200/s]]")
    await finished(process)
    assert (await row(asked.answer_id))[0].text == words(30)
