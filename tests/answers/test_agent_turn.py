"""A turn with tools: the steps are shown, kept and never done twice, whatever goes wrong."""

from typing import Any
from uuid import UUID

import pytest

from chatapp import controls
from chatapp.agents import turn
from chatapp.agents.budget import BUDGET, Budget
from chatapp.agents.calls import UNREADABLE
from chatapp.agents.steps import Kind, State, Step
from chatapp.agents.turn import LOOPED
from chatapp.answers import service, step_repository, views
from chatapp.answers.process import Process
from chatapp.answers.queueing import Asked
from chatapp.chats.models import Status
from chatapp.chats.service import NotFound
from chatapp.database import reading
from tests.answers.tools import SECRET, Toolbox, call, give
from tests.answers.world import LABELS, Screen, ask, finished, row, screen, words
from tests.fakes import ProviderServer

UNICODE = "Zürich \U0001f3d4 “東京” \u202eabc"


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Toolbox:
    return give(monkeypatch)


async def kept(user_id: UUID, answer_id: UUID) -> list[Step]:
    """The steps of an answer as the database has them."""
    async with reading() as session:
        return await step_repository.steps_of(session, user_id, answer_id)


def shown(tab: Screen, answer_id: UUID) -> list[dict]:
    """The steps of an answer as a tab shows them."""
    found: list[dict] = []
    while step := tab.values.get(f"s:{answer_id}.{len(found)}"):
        found.append(step)
    return found


@pytest.mark.parametrize("provider", ["groq", "google"])
async def test_parallel_calls_are_carried_out_shown_and_kept(
    process: Process, ada: UUID, fakes: ProviderServer, box: Toolbox, provider: str
) -> None:
    await fakes.set(OTHER[provider], fault={"kind": "http_429", "retry_after": 600})
    calls = [call("look", "Rome"), call("look", UNICODE, days=2)]
    await fakes.set(provider, rounds=[calls], says="Let me see.", thoughts=["Two ", "cities."])
    asked = await ask(process, ada, "[[say 4 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        view = await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) in {f"Let me see.\n\n{words(4)}", f"Let me see.{words(4)}"}
        live = shown(tab, asked.answer_id)
    assert sorted(box.used) == sorted([("look", "Rome"), ("look", UNICODE)])
    tools = [step for step in live if step["kind"] == Kind.TOOL]
    assert [step["title"] for step in tools] == ["Weather", "Weather"]
    assert tools[0]["input"] == "Rome"
    assert tools[1]["input"] == f"city: {UNICODE}\ndays: 2"
    assert tools[1]["output"] == f"It is sunny in {UNICODE}."
    assert {step["state"] for step in live} == {State.DONE}
    assert [s["output"] for s in live if s["kind"] == Kind.MODEL] == ["Two cities."] * 2
    assert any(step["kind"] == Kind.HOP for step in live) or provider == "groq"
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text) == (Status.DONE, f"Let me see.\n\n{words(4)}")
    assert view["thoughts"] == answer.thoughts
    assert answer.thoughts.startswith("Looked up 2 things, ")
    assert answer.answered_by == LABELS[provider]
    # What a tab reads that comes later is the same.
    later = await views.steps(ada, asked.answer_id)
    assert [later[f"s:{asked.answer_id}.{n}"] for n in range(len(live))] == live
    with pytest.raises(NotFound):
        await views.steps(UUID(int=7), asked.answer_id)


OTHER = {"groq": "google", "google": "groq"}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": "look", "args": {"town": "Rome"}}, "The arguments do not fit: city: Field required."),
    ({"name": "look", "args": {"city": "Rome", "days": "many"}}, "days: Input should be a valid"),
    ({"name": "look", "args": '{"city": "Ro'}, UNREADABLE),
    ({"name": "rm_rf", "args": {"city": "/"}}, "There is no tool named “rm_rf”. There are: look,"),
    (call("breaks", "Rome"), "The tool failed."),
    (call("sorry", "Atlantis"), "There is no Atlantis."),
    (call("late", "Rome"), "Late weather took longer than 0.05 seconds."),
]


def told(request: dict[str, Any]) -> list[str]:
    """What a model is told that its tools gave, in the form of its provider."""
    body = request["body"]
    if "contents" not in body:
        return [each["content"] for each in body["messages"] if each["role"] == "tool"]
    parts = [part for content in body["contents"] for part in content["parts"]]
    found = [part["functionResponse"]["response"] for part in parts if "functionResponse" in part]
    return [str(next(iter(response.values()))) for response in found]


@pytest.mark.parametrize("provider", ["groq", "google"])
async def test_what_goes_wrong_is_told_to_the_model_and_the_person_in_plain_words(
    process: Process, ada: UUID, fakes: ProviderServer, box: Toolbox, provider: str
) -> None:
    # Gemini's arguments cannot be broken: they are no text.
    bad = [each for each in BAD if provider == "groq" or each[1] != UNREADABLE]
    await fakes.set(OTHER[provider], fault={"kind": "http_429", "retry_after": 600})
    await fakes.set(provider, rounds=[[each for each, _ in bad]])
    asked = await ask(process, ada, "[[say 4 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.ended(asked.answer_id)
        live = [step for step in shown(tab, asked.answer_id) if step["kind"] == Kind.TOOL]
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text, answer.problem) == (Status.DONE, words(4), "")
    steps = [step for step in await kept(ada, asked.answer_id) if step.kind is Kind.TOOL]
    assert [step.view() for step in steps] == live
    assert len(steps) == len(bad)
    for step, heard in zip(steps, told((await fakes.requests())[-1]), strict=True):
        assert step.state is State.FAILED
        assert heard == step.output
        assert SECRET not in step.output
        assert "Traceback" not in step.output
    # The calls that could be read come first.
    ordered = sorted((words for _, words in bad), key=lambda each: each == UNREADABLE)
    for step, words_ in zip(steps, ordered, strict=True):
        assert words_ in step.output
    assert box.used == [("slow", "Rome")]


async def test_a_loop_ends_with_words(
    process: Process, ada: UUID, fakes: ProviderServer, box: Toolbox
) -> None:
    await controls.change(BUDGET, Budget(steps=4), by=None)
    try:
        await fakes.set(tool_calls=[call("look", "Rome")], loops=True)
        asked = await ask(process, ada, "[[say 4 words]]")
        await finished(process)
    finally:
        await controls.change(BUDGET, Budget(), by=None)
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text, answer.problem) == (Status.DONE, words(4), "")
    assert len(box.used) == 3
    requests = await fakes.requests()
    assert len(requests) == 4
    assert ["tools" in request["body"] for request in requests] == [True, True, True, False]
    assert turn.NO_MORE[:40] in str(requests[-1]["body"])
    assert all(turn.NO_MORE[:40] not in str(request["body"]) for request in requests[:-1])


async def test_a_model_that_calls_without_tools_is_ended_with_words(
    process: Process, ada: UUID, fakes: ProviderServer, box: Toolbox
) -> None:
    await controls.change(BUDGET, Budget(tokens=1000), by=None)
    try:
        await fakes.set(rounds=[[call("look", "Rome")]] * 9)
        asked = await ask(process, ada, "word " * 3000)
        await finished(process)
    finally:
        await controls.change(BUDGET, Budget(), by=None)
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text, answer.problem) == (Status.DONE, "", LOOPED)
    # The first question alone has used all tokens.
    assert len(await fakes.requests()) == 2
    assert box.used == [("look", "Rome")]


FAULTS = ["http_500", "drop_after_calls", "end_without_finish"]


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("first", ["groq", "google"])
async def test_a_provider_that_fails_before_its_call_is_whole_is_replaced(
    process: Process, ada: UUID, fakes: ProviderServer, box: Toolbox, kind: str, first: str
) -> None:
    """Before the tool call: nobody acts on what was called before a cut."""
    second = OTHER[first]
    await fakes.set(
        first, rounds=[[call("look", "Nowhere")]], says="Cut. Off.", fault={"kind": kind}
    )
    await fakes.set(second, rounds=[[call("look", "Rome")]], says="I look.")
    if first == "google":
        await ask(process, ada, "[[say 1 words]]")
        await finished(process)
        box.used.clear()
    asked = await ask(process, ada, "[[say 4 words]]")
    await finished(process)
    message, _ = await row(asked.answer_id)
    assert (message.status, message.text) == (Status.DONE, f"I look.\n\n{words(4)}")
    assert box.used == [("look", "Rome")]


@pytest.mark.parametrize("kind", ["http_500", "drop_after", "end_without_finish"])
@pytest.mark.parametrize("first", ["groq", "google"])
async def test_a_provider_that_fails_after_a_tool_has_acted_is_replaced_and_nothing_is_repeated(
    process: Process, ada: UUID, fakes: ProviderServer, box: Toolbox, kind: str, first: str
) -> None:
    """After the tool call: the finished steps stand, words and results, and are told again."""
    if first == "google":
        await ask(process, ada, "[[say 1 words]]")
        await finished(process)
    calls = [call("post", "Rome"), call("slow", "Oslo")]
    await fakes.set(first, rounds=[calls], says="I look.")
    asked = await ask(process, ada, "[[say 4 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: State.ASKS in str(shown(tab, asked.answer_id)))
        await service.decide(process.runner, ada, asked.answer_id, asks(tab, asked), approved=True)
        await tab.until(lambda _: len(box.used) == 2)
        await fakes.set(first, fault={"kind": kind, "after": 2})
        box.let.set()
        await tab.ended(asked.answer_id)
        live = shown(tab, asked.answer_id)
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text) == (Status.DONE, f"I look.\n\n{words(4)}")
    assert sorted(box.used) == [("post", "Rome"), ("slow", "Oslo")]
    assert [attempt["outcome"] for attempt in answer.attempts] == ["ok", "fail", "ok"]
    (hop,) = [step for step in live if step["kind"] == Kind.HOP]
    assert hop["title"].startswith(LABELS[first])
    assert hop["title"].endswith(f"so {LABELS[OTHER[first]]} was asked")
    assert [step["state"] for step in live if step["kind"] == Kind.TOOL] == [State.DONE] * 2
    last = (await fakes.requests())[-1]
    assert last["provider"] == OTHER[first]
    assert told(last) == ["Posted to Rome.", "It was slow in Oslo."]


def asks(tab: Screen, asked: Asked) -> int:
    """The number of the step that waits for a word."""
    return [step["state"] for step in shown(tab, asked.answer_id)].index(State.ASKS)
