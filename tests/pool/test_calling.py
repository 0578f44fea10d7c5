"""Tool calls pass through the pool in one form, whoever makes them, and are given to anybody."""

from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from chatapp.pool.events import Calls, Done, PoolEvent, Restart, Text, Thought
from tests.fakes import ProviderServer
from tests.pool.conftest import MakePool

ALL = ["groq", "google", "openai"]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather in a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]
CITIES = ["Rome", "Zürich \U0001f3d4 “東京”"]
CALLS = [{"name": "weather", "args": {"city": city}} for city in CITIES]
QUESTION: list[BaseMessage] = [HumanMessage("How is it there?")]


async def told(pool: Any, messages: list[BaseMessage], **options: Any) -> list[PoolEvent]:
    answer = pool.answer(messages, tools=TOOLS, restarts=True, **options)
    return [event async for event in answer]


@pytest.mark.parametrize("split", [0, 5])
@pytest.mark.parametrize("provider", ALL)
async def test_parallel_calls_come_with_what_was_said_and_thought(
    make_pool: MakePool, fakes: ProviderServer, provider: str, split: int
) -> None:
    await fakes.set(
        provider, tool_calls=CALLS, says="Let me see.", thoughts=["Two ", "cities."], split=split
    )
    events = await told(make_pool(provider), QUESTION, temperature=0.5)
    *_, calls, done = events
    assert isinstance(calls, Calls)
    assert isinstance(done, Done)
    assert [call["args"]["city"] for call in calls.message.tool_calls] == CITIES
    assert calls.message.content == "".join(e.text for e in events if isinstance(e, Text))
    assert calls.message.content == "Let me see."
    if provider != "openai":
        # OpenAI's integration leaves out what only look-alikes send.
        assert "".join(e.text for e in events if isinstance(e, Thought)) == "Two cities."
    (request,) = await fakes.requests()
    body = request["body"]
    assert (body.get("generationConfig") or body)["temperature"] == 0.5


@pytest.mark.parametrize("then", ALL)
@pytest.mark.parametrize("first", ALL)
async def test_the_calls_of_one_and_their_results_are_understood_by_every_other(
    make_pool: MakePool, fakes: ProviderServer, first: str, then: str
) -> None:
    """The fakes refuse, as the providers do, calls without results and results without calls."""
    await fakes.set(tool_calls=CALLS, says="Let me see.")
    *_, calls, _ = await told(make_pool(first), QUESTION)
    assert isinstance(calls, Calls)
    results = [ToolMessage("sunny", tool_call_id=c["id"]) for c in calls.message.tool_calls]
    events = await told(make_pool(then), [*QUESTION, calls.message, *results])
    assert isinstance(events[-1], Done)
    assert any(isinstance(event, Text) for event in events)
    assert not any(isinstance(event, Calls) for event in events)


@pytest.mark.parametrize("provider", ["groq", "openai"])
async def test_arguments_that_cannot_be_read_are_told_as_such(
    make_pool: MakePool, fakes: ProviderServer, provider: str
) -> None:
    broken = [{"name": "weather", "args": '{"city": "Ro'}, {"name": "weather", "args": '["Rome"]'}]
    await fakes.set(provider, tool_calls=[*broken, CALLS[0]])
    *_, calls, _ = await told(make_pool(provider), QUESTION)
    assert isinstance(calls, Calls)
    assert [call["args"] for call in calls.message.tool_calls] == [{"city": "Rome"}]
    assert [call["args"] for call in calls.message.invalid_tool_calls] == [
        each["args"] for each in broken
    ]


async def test_what_was_called_before_a_cut_is_not_called(
    make_pool: MakePool, fakes: ProviderServer
) -> None:
    cut = {"kind": "drop_after_calls"}
    await fakes.set("groq", tool_calls=CALLS[:1], says="From one.", fault=cut)
    await fakes.set("google", tool_calls=CALLS[1:], says="From another.")
    events = await told(make_pool("groq", "google"), QUESTION)
    assert any(isinstance(event, Restart) for event in events)
    (calls,) = (event for event in events if isinstance(event, Calls))
    assert [call["args"] for call in calls.message.tool_calls] == [{"city": CITIES[1]}]
    assert calls.message.content == "From another."
