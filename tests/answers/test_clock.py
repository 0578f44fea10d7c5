"""Clocks that jump while answers are made: nobody takes one over, and each ends whole."""

from uuid import UUID

import pytest

from chatapp.answers.process import Process, answering
from chatapp.chats.models import Status
from tests.answers.world import ask, finished, row, screen, words
from tests.fakes import ProviderServer
from tests.harness.clock import Clock
from tests.limits.world import allow, books

WORDS = 700


@pytest.fixture
def clock(process: Process, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.mark.parametrize("hours", [1, -1])
async def test_an_answer_stays_with_its_process_when_the_clock_jumps_and_comes_back(
    process: Process, ada: UUID, fakes: ProviderServer, clock: Clock, hours: int
) -> None:
    await allow(ada, questions_a_minute=60, questions_in_a_row=60, answers_at_once=1)
    await fakes.set(tokens_per_second=100)
    async with answering() as other:
        asked = await ask(process, ada, f"[[say {WORDS} words]]")
        async with screen(other.hub, ada, asked.chat_id) as tab:
            for jump, after in ((hours, 20), (-hours, 350)):
                await tab.until(lambda tab, n=after: tab.text(asked.answer_id).count("w") > n)
                clock.jump(hours=jump)
            view = await tab.ended(asked.answer_id)
            assert tab.text(asked.answer_id) == words(WORDS)
    message, answer = await row(asked.answer_id)
    assert (view["status"], view["problem"]) == ("done", "")
    assert (message.status, message.text) == (Status.DONE, words(WORDS))
    assert (answer.runner, answer.epoch) == (process.runner.name, 1)
    assert len(await fakes.requests()) == 1
    assert (await books(ada))["places"] == 0


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_chat_goes_on_in_order_after_the_clock_has_jumped(
    process: Process, ada: UUID, fakes: ProviderServer, clock: Clock, hours: int
) -> None:
    first = await ask(process, ada, "[[say 3 words]]")
    await finished(process)
    clock.jump(hours=hours)
    second = await ask(process, ada, "[[say 4 words]]", first.chat_id)
    await finished(process)
    sent = str((await fakes.requests())[-1]["body"])
    said = ["[[say 3 words]]", words(3), "[[say 4 words]]"]
    assert sorted(said, key=sent.index) == said
    async with screen(process.hub, ada, first.chat_id) as tab:
        for one, count in ((first, 3), (second, 4)):
            assert tab.text(one.answer_id) == words(count)
            assert tab.status(one.answer_id) == "done"
