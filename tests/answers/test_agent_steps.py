"""A turn with tools that is stopped, taken over or held for approval keeps its finished steps."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from chatapp.agents.calls import REFUSED, UNKNOWN_END
from chatapp.agents.steps import Kind, State, Step
from chatapp.answers import approval, service, step_repository
from chatapp.answers.job import Job
from chatapp.answers.models import Answer
from chatapp.answers.process import Process, answering
from chatapp.answers.queueing import Asked
from chatapp.answers.runner import INTERRUPTED
from chatapp.answers.takeover import TAKEOVERS
from chatapp.chats.models import Status
from chatapp.chats.service import NotFound
from chatapp.database import transaction
from chatapp.settings import Settings
from tests.answers.test_agent_turn import kept, shown
from tests.answers.tools import Toolbox, call, give
from tests.answers.world import WAIT_SECONDS, ask, finished, row, screen, words
from tests.chats.people import chat_of
from tests.fakes import ProviderServer

SAYS = "I look."


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Toolbox:
    return give(monkeypatch)


async def stopped(process: Process, user_id: UUID, asked: Asked, text: str) -> list[Step]:
    """Stop an answer, of which this text is to be kept; its steps."""
    await service.stop(process.runner, user_id, asked.answer_id)
    await finished(process)
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text, answer.problem) == (Status.STOPPED, text, "")
    return await kept(user_id, asked.answer_id)


async def test_stop_before_the_first_word(
    process: Process, ada: UUID, fakes: ProviderServer, box: Toolbox
) -> None:
    await fakes.set(rounds=[[call("look", "Rome")]], first_token_delay=600)
    asked = await ask(process, ada, "[[say 4 words]]")
    await fakes.wait(received=1)
    assert await stopped(process, ada, asked, "") == []
    await fakes.wait(closed_early=1)


async def test_stop_among_the_words_before_a_call(
    process: Process, ada: UUID, fakes: ProviderServer, box: Toolbox
) -> None:
    await fakes.set(rounds=[[call("look", "Rome")]], says="I look. " * 200, tokens_per_second=20)
    asked = await ask(process, ada, "[[say 4 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: "I look." in tab.text(asked.answer_id))
        await service.stop(process.runner, ada, asked.answer_id)
        assert (await tab.ended(asked.answer_id))["status"] == "stopped"
        message, _ = await row(asked.answer_id)
        assert tab.text(asked.answer_id) == message.text
    assert message.text.startswith("I look.")
    assert (await kept(ada, asked.answer_id), box.used) == ([], [])
    await fakes.wait(closed_early=1)


async def test_stop_while_a_tool_runs(
    process: Process, ada: UUID, fakes: ProviderServer, box: Toolbox
) -> None:
    await fakes.set(rounds=[[call("look", "Rome"), call("slow", "Oslo")]], says=SAYS)
    asked = await ask(process, ada, "[[say 4 words]]")
    await box.begun.wait()
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda t: [s["state"] for s in shown(t, asked.answer_id)][1:] == LOOKED)
        _model, looked, slow = await stopped(process, ada, asked, SAYS)
        await tab.ended(asked.answer_id)
        assert [each["state"] for each in shown(tab, asked.answer_id)][1:] == ["done", "stopped"]
    assert (looked.state, slow.state) == (State.DONE, State.STOPPED)
    assert box.ended == []
    assert len(await fakes.requests()) == 1


LOOKED = [State.DONE, State.RUNNING]


async def test_stop_between_a_tool_and_the_next_word(
    process: Process, ada: UUID, fakes: ProviderServer, box: Toolbox
) -> None:
    await fakes.set(rounds=[[call("slow", "Rome")]], says=SAYS)
    asked = await ask(process, ada, "[[say 4 words]]")
    await box.begun.wait()
    await fakes.set(first_token_delay=600)
    box.let.set()
    await fakes.wait(received=2)
    steps = await stopped(process, ada, asked, SAYS)
    assert [step.state for step in steps] == [State.DONE, State.DONE]
    await fakes.wait(closed_early=1)


async def test_stop_among_the_last_words(
    process: Process, ada: UUID, fakes: ProviderServer, box: Toolbox
) -> None:
    await fakes.set(rounds=[[call("slow", "Rome")]], says=SAYS)
    asked = await ask(process, ada, "[[say 400 words at 20/s]]")
    await box.begun.wait()
    box.let.set()
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: "w1" in tab.text(asked.answer_id))
        await service.stop(process.runner, ada, asked.answer_id)
        assert (await tab.ended(asked.answer_id))["status"] == "stopped"
    message, _ = await row(asked.answer_id)
    assert message.text.startswith(f"{SAYS}\n\nw0 w1")


async def left_behind(user_id: UUID, *calls: Step, epoch: int = 1) -> tuple[UUID, UUID]:
    """An answer whose process was killed after these calls were kept."""
    chat, (_, message) = await chat_of(user_id, "[[say 4 words]]", "", status=Status.STREAMING)
    said = {
        "text": SAYS,
        "calls": [
            {"id": each.call, "name": each.title, "args": {"city": each.input}} for each in calls
        ],
        "broken": [],
        "signatures": {},
        "tokens": 9,
    }
    model = Step(Kind.MODEL, state=State.DONE, number=0, said=said)
    async with transaction() as session:
        session.add(
            Answer(id=message.id, chat_id=chat.id, user_id=user_id, runner="dead", epoch=epoch)
        )
        await session.flush()
        await step_repository.write_steps(session, user_id, message.id, [model, *calls])
    return chat.id, message.id


def of(number: int, name: str, state: State, output: str = "") -> Step:
    return Step(Kind.TOOL, name, state, number, "Rome", output, call=f"call{number:05d}")


async def test_whoever_takes_over_does_what_was_not_done_and_nothing_else(
    process: Process, ada: UUID, fakes: ProviderServer, box: Toolbox
) -> None:
    chat_id, answer_id = await left_behind(
        ada,
        of(1, "look", State.DONE, "It was sunny."),
        of(2, "look", State.QUEUED),
        of(3, "post", State.RUNNING),
        of(4, "post", State.APPROVED),
        of(5, "post", State.REFUSED),
    )
    async with screen(process.hub, ada, chat_id) as tab:
        await tab.ended(answer_id)
    message, answer = await row(answer_id)
    assert (message.status, message.text) == (Status.DONE, f"{SAYS}\n\n{words(4)}")
    assert answer.epoch == 2
    assert sorted(box.used) == [("look", "Rome"), ("post", "Rome")]
    (request,) = await fakes.requests()
    told = str(request["body"])
    for words_ in (
        "It was sunny.",
        "It is sunny in Rome.",
        UNKNOWN_END,
        "Posted to Rome.",
        REFUSED,
    ):
        assert words_ in told


async def test_what_is_approved_while_the_answer_is_taken_over_is_not_asked_again(
    process: Process,
    ada: UUID,
    fakes: ProviderServer,
    box: Toolbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take = process.runner._take

    async def approved_meanwhile(job: Job) -> list[Step] | None:
        steps = await take(job)
        await service.decide(process.runner, ada, job.answer_id, 1, approved=True)
        return steps

    monkeypatch.setattr(process.runner, "_take", approved_meanwhile)
    chat_id, answer_id = await left_behind(ada, of(1, "post", State.ASKS))
    async with screen(process.hub, ada, chat_id) as tab:
        assert (await tab.ended(answer_id))["status"] == Status.DONE
    assert box.used == [("post", "Rome")]


async def test_a_turn_over_which_processes_die_keeps_its_finished_steps(
    process: Process, ada: UUID, box: Toolbox
) -> None:
    calls = [of(1, "look", State.DONE, "It was sunny."), of(2, "look", State.QUEUED)]
    chat_id, answer_id = await left_behind(ada, *calls, epoch=TAKEOVERS + 1)
    async with screen(process.hub, ada, chat_id) as tab:
        view = await tab.ended(answer_id)
        assert tab.text(answer_id) == SAYS
    assert (view["status"], view["problem"]) == ("failed", INTERRUPTED)
    assert view["thoughts"].startswith("Looked up 2 things")
    states = [step.state for step in await kept(ada, answer_id)]
    assert states == [State.DONE, State.DONE, State.STOPPED]
    assert box.used == []


async def who_has(answer_id: UUID, *processes: Process) -> Process:
    """Which of the processes has taken an answer over."""
    by_name = {process.runner.name: process for process in processes}
    async with asyncio.timeout(WAIT_SECONDS):
        while (found := by_name.get((await row(answer_id))[1].runner or "")) is None:  # noqa: ASYNC110 - told in no event
            await asyncio.sleep(0.02)
    return found


async def test_a_tool_that_acts_waits_for_its_person_in_whatever_process(
    with_pool: Settings, ada: UUID, eve: UUID, fakes: ProviderServer, box: Toolbox
) -> None:
    await fakes.set(rounds=[[call("post", "Rome")]], says=SAYS)
    async with answering() as first:
        asked = await ask(first, ada, "[[say 4 words]]")
        async with screen(first.hub, ada, asked.chat_id) as tab:
            await tab.until(lambda tab: "asks" in str(shown(tab, asked.answer_id)))
            view = tab.values[f"m:{asked.answer_id}"]
            assert (view["status"], view["thoughts"]) == ("streaming", "Waits for your approval")
            assert tab.text(asked.answer_id) == SAYS
    # The process has ended; another one takes the answer, and it waits on.
    async with answering() as second, answering() as third:
        async with screen(third.hub, ada, asked.chat_id) as tab:
            holder = await who_has(asked.answer_id, second, third)
            await tab.until(lambda tab: "asks" in str(shown(tab, asked.answer_id)))
            for who, answer_id, number in (
                (eve, asked.answer_id, 1),
                (ada, asked.answer_id, 0),
                (ada, asked.question_id, 1),
            ):
                with pytest.raises(NotFound):
                    await service.decide(second.runner, who, answer_id, number, approved=True)
            assert box.used == []
            # Whoever is asked tells whoever has it.
            other = third if holder is second else second
            await service.decide(other.runner, ada, asked.answer_id, 1, approved=True)
            await tab.ended(asked.answer_id)
            assert tab.text(asked.answer_id).replace("\n", "") == f"{SAYS}{words(4)}"
        with pytest.raises(NotFound):
            await service.decide(second.runner, ada, asked.answer_id, 1, approved=True)
    assert box.used == [("post", "Rome")]
    assert len(await fakes.requests()) == 2
    assert (await row(asked.answer_id))[0].text == f"{SAYS}\n\n{words(4)}"


async def test_what_is_refused_is_not_done_and_the_model_is_told(
    process: Process, ada: UUID, fakes: ProviderServer, box: Toolbox
) -> None:
    await fakes.set(rounds=[[call("post", "Rome"), call("post", "Oslo")]])
    asked = await ask(process, ada, "[[say 4 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: str(shown(tab, asked.answer_id)).count("asks") == 2)
        await service.decide(process.runner, ada, asked.answer_id, 1, approved=False)
        await service.decide(process.runner, ada, asked.answer_id, 2, approved=True)
        await tab.ended(asked.answer_id)
    assert box.used == [("post", "Oslo")]
    states = [step.state for step in await kept(ada, asked.answer_id)]
    assert states == [State.DONE, State.REFUSED, State.DONE]
    assert REFUSED in str((await fakes.requests())[-1]["body"])


async def test_what_nobody_decides_on_is_refused_in_the_end(
    process: Process,
    ada: UUID,
    fakes: ProviderServer,
    box: Toolbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(approval, "LOOK", 0.1)
    await fakes.set(rounds=[[call("post", "Rome")]], says=SAYS)
    asked = await ask(process, ada, "[[say 4 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: "asks" in str(shown(tab, asked.answer_id)))
        monkeypatch.setattr(approval, "LONGEST", timedelta(0))
        assert (await tab.ended(asked.answer_id))["status"] == Status.DONE
        assert "refused" in str(shown(tab, asked.answer_id))
    with pytest.raises(NotFound):
        await service.decide(process.runner, ada, asked.answer_id, 1, approved=True)
    assert box.used == []
    assert REFUSED in str((await fakes.requests())[-1]["body"])


async def test_stop_while_it_waits_for_approval(
    process: Process, ada: UUID, fakes: ProviderServer, box: Toolbox
) -> None:
    await fakes.set(rounds=[[call("post", "Rome")]], says=SAYS)
    asked = await ask(process, ada, "[[say 4 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: "asks" in str(shown(tab, asked.answer_id)))
    _, step = await stopped(process, ada, asked, SAYS)
    assert step.state is State.STOPPED
    with pytest.raises(NotFound):
        await service.decide(process.runner, ada, asked.answer_id, 1, approved=True)
    assert box.used == []
