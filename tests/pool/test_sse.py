"""Joining events changes nothing but how many there are."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatapp.pool import wire
from chatapp.pool.errors import AnswerCut
from chatapp.pool.events import PoolEvent, Text
from chatapp.pool.sse import BLANK, END, Alike, Joiner, openai_word
from tests.fakes import ProviderServer
from tests.fakes.behaviour import Fault, Plan
from tests.fakes.dialects import Asked, Gemini, OpenAI, sse
from tests.pool.conftest import MakePool, hear, words

ASKED = Asked("m", True, [], "", False, True)
CALL = {"name": "weather", "args": {"city": "Rome"}}
PLAN = Plan(["x"], 0, 0, "stop", [], 0, "reasoning", [CALL], True, None, 1)
FAULT = Fault("error_in_band")
ODD = [
    b": keep-alive\n\n",
    b"data: {broken\n\n",
    b"event: error\ndata: {}\n\n",
    sse({"choices": [], "usage": {"prompt_tokens": 1}}),
    sse({"choices": [{"index": 1, "delta": {"content": "other"}}]}),
    sse({"choices": [{"index": 0, "delta": {"content": "a"}, "logprobs": {"content": []}}]}),
    sse({"choices": [{"index": 0, "delta": {"content": "b"}, "finish_reason": "stop"}]}),
    sse({"candidates": [{"content": {"parts": [{"text": "c", "thoughtSignature": "s"}]}}]}),
    sse({"candidates": [{"content": {"parts": [{"text": "d"}, {"text": "e"}]}}]}),
    sse({"candidates": [{"content": {"parts": [{"text": "f"}]}, "finishReason": "STOP"}]}),
]


def events_of(dialect: OpenAI | Gemini) -> st.SearchStrategy[bytes]:
    token: Callable[[str], bytes] = lambda text: dialect.token(ASKED, 1, text)  # noqa: E731
    others = [
        *dialect.opening(ASKED, 1),
        dialect.thought(ASKED, 1, "hm", "reasoning"),
        *dialect.calls(ASKED, 1, PLAN),
        *dialect.closing(ASKED, 1, PLAN),
        dialect.in_band(FAULT, "k"),
        *ODD,
    ]
    return st.one_of(st.text(max_size=5).map(token), st.sampled_from(others))


def meaning(stream: bytes) -> list[Any]:
    """The events in order, with the words of neighbours put together."""
    found: list[Any] = []
    for event in filter(None, END.split(stream)):
        word = words_of(event)
        if word is None:
            found.append(event)
        elif found and isinstance(found[-1], str):
            found[-1] += word
        else:
            found.append(word)
    return found


def words_of(event: bytes) -> str | None:
    """The words of an event that has nothing else, told independently of the product."""
    try:
        data = json.loads(event.removeprefix(b"data: "))
    except ValueError:
        return None
    for field, value in _leaves(data):
        if field in {"content", "text"} or value in (None, 0, "assistant", "model"):
            continue
        if field not in {"id", "object", "created", "model", "system_fingerprint"} | {
            "modelVersion",
            "responseId",
        }:
            return None
    texts = [v for k, v in _leaves(data) if k in {"content", "text"} and isinstance(v, str)]
    return texts[0] if len(texts) == 1 and texts[0] else None


def _leaves(data: Any, name: str = "") -> list[tuple[str, Any]]:
    if isinstance(data, dict):
        return [leaf for key, value in data.items() for leaf in _leaves(value, key)]
    if isinstance(data, list):
        return [leaf for value in data for leaf in _leaves(value, name)] or [(name, None)]
    return [(name, data)]


@pytest.mark.parametrize("dialect", [OpenAI("groq"), OpenAI("openai"), Gemini()])
def test_joined_streams_mean_the_same_however_they_are_cut(dialect: OpenAI | Gemini):
    @settings(max_examples=150, deadline=None)
    @given(st.lists(events_of(dialect), max_size=12), st.lists(st.integers(0, 3000), max_size=5))
    def check(events: list[bytes], cuts: list[int]) -> None:
        stream = b"".join(events)
        edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
        joiner = Joiner()
        pieces = [joiner.feed(stream[a:b]) for a, b in pairwise(edges)]
        assert meaning(b"".join(pieces) + joiner.rest()) == meaning(stream)

    check()


def parsed(event: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(event.strip().removeprefix(b"data: "))
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


@pytest.mark.parametrize("dialect", [OpenAI("groq"), OpenAI("openai")])
def test_words_are_known_without_parsing_only_where_parsing_finds_the_same(dialect: OpenAI):
    known: set[bool] = set()

    @settings(max_examples=300, deadline=None)
    @given(st.lists(events_of(dialect), max_size=12))
    def check(events: list[bytes]) -> None:
        alike = Alike()
        for event in (each.removesuffix(b"\n\n") for each in events):
            chunk = parsed(event)
            word = openai_word(chunk) if chunk else None
            found = alike.words(event)
            known.add(found is not None)
            assert found in (None, word)
            if word is not None and chunk is not None:
                alike.learn(event, chunk)

    check()
    assert known == {True, False}


@pytest.mark.parametrize("dialect", [OpenAI("groq"), OpenAI("openai")])
def test_words_of_many_events_are_known_only_where_each_alone_is(dialect: OpenAI):
    known: set[bool] = set()
    first = dialect.token(ASKED, 1, "first").removesuffix(BLANK)
    chunk = parsed(first)
    assert chunk is not None
    alike = Alike()
    alike.learn(first, chunk)
    spoken = st.text(max_size=6).map(lambda words: dialect.token(ASKED, 1, words))

    @settings(max_examples=300, deadline=None)
    @given(st.lists(spoken | events_of(dialect), min_size=1, max_size=5))
    def check(events: list[bytes]) -> None:
        alone = [alike.words(event.removesuffix(BLANK)) for event in events]
        found = alike.words(b"".join(events).removesuffix(BLANK))
        known.add(found is not None)
        assert found == (None if None in alone else "".join(filter(None, alone)))

    check()
    assert known == {True, False}


@pytest.mark.parametrize(
    "middle", [b'"a","b"', b'"', b"7", b'"a"}', b'""', b'"\\"', b'"a"+"b"', b"null", b'"\xff"']
)
def test_what_is_no_string_in_the_place_of_words_is_parsed(middle: bytes):
    alike = Alike()
    event = b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}'
    chunk = parsed(event)
    assert chunk is not None
    alike.learn(event, chunk)
    assert alike.words(event) == "a"
    assert alike.words(event.replace(b'"a"', b'"\\u00e9 \\"x\\""')) == 'é "x"'
    strange = event.replace(b'"a"', middle)
    assert alike.words(strange) is None
    for events in ([strange], [event, strange], [strange, event], [event, strange, event]):
        assert alike.words(BLANK.join(events)) is None


def test_what_is_learnt_may_have_words_with_escapes():
    alike = Alike()
    event = b'data: {"choices":[{"index":0,"delta":{"content":"\\n\\"\\u00e9\\\\"}}]}'
    chunk = parsed(event)
    assert chunk is not None
    alike.learn(event, chunk)
    assert alike.words(event) == '\n"é\\'


@pytest.mark.parametrize(
    "event",
    [
        b'data:{"choices":[{"index":0,"delta":{"content":"a"}}]}',
        b'id: 1\ndata: {"choices":[{"index":0,"delta":{"content":"a"}}]}',
        b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\nid: 1',
        b'data: {"choices":[{"index":0,\ndata: "delta":{"content":"a"}}]}',
        b'data: {"x":{"content":"a"},"choices":[{"index":0,"delta":{"content" : "a"}}]}',
    ],
)
def test_what_stands_elsewhere_is_not_learnt(event: bytes):
    alike = Alike()
    alike.learn(event, {"choices": [{"index": 0, "delta": {"content": "a"}}]})
    assert alike.words(event) is None


def test_words_that_arrive_together_become_one_event():
    for dialect in (OpenAI("groq"), OpenAI("openai"), Gemini()):
        stream = b"".join(dialect.token(ASKED, 1, f"w{n} ") for n in range(50))
        joined = Joiner().feed(stream)
        assert len(list(filter(None, END.split(joined)))) == 1
        assert meaning(joined) == ["".join(f"w{n} " for n in range(50))]


def test_an_incomplete_event_waits_for_its_end():
    event = OpenAI("groq").token(ASKED, 1, "Grüße")
    joiner = Joiner()
    assert joiner.feed(event[:-1]) == b""
    assert not joiner.speaking
    assert joiner.feed(event[-1:]) == event
    assert joiner.speaking


@pytest.mark.parametrize("provider", ["groq", "google", "openai"])
@pytest.mark.parametrize("window", [0, 0.08])
@pytest.mark.parametrize("rate", [0, 300])
async def test_an_answer_is_the_same_with_and_without_joining(
    make_pool: MakePool,
    fakes: ProviderServer,
    monkeypatch: pytest.MonkeyPatch,
    provider: str,
    window: float,
    rate: int,
):
    monkeypatch.setattr(wire, "WINDOW", window)
    await fakes.set(provider, tokens_per_second=rate)
    heard = await hear(make_pool(provider), "[[say 150 words]]")
    assert heard.text == words(150)
    assert heard.done.usage == {"input_tokens": 3, "output_tokens": 150, "total_tokens": 153}


@pytest.mark.parametrize("provider", ["groq", "google", "openai"])
async def test_all_words_before_a_cut_are_heard(
    make_pool: MakePool, fakes: ProviderServer, provider: str
):
    await fakes.set(provider, tokens_per_second=300, fault={"kind": "drop_after", "after": 77})
    heard: list[PoolEvent] = []
    with pytest.raises(AnswerCut):
        await hear(make_pool(provider), "[[say 150 words]]", heard)
    assert "".join(event.text for event in heard if isinstance(event, Text)) == words(77)
