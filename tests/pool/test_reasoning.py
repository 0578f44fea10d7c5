"""What a model thinks is told while it thinks, and is void when another is asked in its place."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from chatapp.pool.events import Hop, PoolEvent, Restart, Text, Thought
from chatapp.pool.members import THINKS, THINKS_IN_WORDS
from tests.fakes import ProviderServer
from tests.pool.conftest import MakePool, ask, hear, said, words
from tests.pool.test_model import first_provider

FORMS = [
    ("groq", "reasoning"),
    ("openai", "reasoning"),
    ("openai", "reasoning_content"),
    ("google", "thought"),
]
THOUGHTS = ["Hm. ", "Grüße \U0001f914 ", "so."]
BREAKS = [
    ("drop_after", "broke off while it thought"),
    ("error_in_band", "broke off while it thought"),
    ("end_without_finish", "broke off while it thought"),
    ("stall_after", "took too long"),
]


def thinking(kind: str, after: int = 2) -> dict[str, Any]:
    return {"kind": kind, "after": after, "thinking": True}


def thought(events: list[PoolEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Thought))


@pytest.mark.parametrize(("provider", "name"), FORMS)
async def test_reasoning_is_told_before_there_is_a_word_and_ends_with_a_stop(
    make_pool: MakePool, fakes: ProviderServer, provider: str, name: str
):
    fault = thinking("stall_after", 3)
    await fakes.set(provider, thoughts=THOUGHTS, reasoning=name, fault=fault)
    heard: list[PoolEvent] = []
    async with aclosing(make_pool(provider).answer(ask("hello"), restarts=True)) as events:
        while thought(heard) != "".join(THOUGHTS):
            heard.append(await anext(events))
    assert all(isinstance(event, Thought) for event in heard)
    (request,) = await fakes.wait(closed_early=1)
    assert request["sent"] == []


@pytest.mark.parametrize(("kind", "why"), BREAKS)
@pytest.mark.parametrize(("provider", "name"), FORMS)
async def test_a_fault_while_it_thinks_repeats_no_word_and_voids_its_thoughts(
    make_pool: MakePool, fakes: ProviderServer, provider: str, name: str, kind: str, why: str
):
    other = first_provider(provider)
    await fakes.set(provider, thoughts=THOUGHTS, reasoning=name, fault=thinking(kind))
    await fakes.set(other, thoughts=["Aha."])
    pool = make_pool(provider, other, idle_gap_timeout=1)
    heard = await hear(pool, "[[say 9 words]]", restarts=True)
    (hop,) = heard.hops
    at = heard.events.index(hop)
    assert thought(heard.events[:at]) == "".join(THOUGHTS[:2])
    assert thought(heard.events[at:]) == "Aha."
    assert heard.text == words(9)
    assert not any(isinstance(event, Restart) for event in heard.events)
    assert (hop.attempt.outcome, hop.attempt.why) == ("fail", why)
    assert [attempt.outcome for attempt in heard.done.attempts] == ["fail", "ok"]


async def test_who_cannot_take_back_is_told_no_thoughts_of_one_that_fails(
    make_pool: MakePool, fakes: ProviderServer
):
    await fakes.set("groq", thoughts=THOUGHTS, fault=thinking("drop_after"))
    await fakes.set("google", thoughts=["Aha."])
    heard = await hear(make_pool("groq", "google"), "[[say 9 words]]")
    assert thought(heard.events) == "Aha."
    assert heard.text == words(9)


async def test_words_stay_while_the_next_one_thinks(make_pool: MakePool, fakes: ProviderServer):
    await fakes.set("groq", thoughts=["Hm."], fault={"kind": "drop_after", "after": 3})
    await fakes.set("google", thoughts=["Aha."], fault=thinking("drop_after", 1))
    await fakes.set("openai", thoughts=["Oh."])
    pool = make_pool("groq", "google", "openai")
    heard = await hear(pool, "[[say 9 words]]", restarts=True)
    order = [event for event in heard.events if isinstance(event, Hop | Restart | Thought)]
    kinds = [Thought, Hop, Thought, Hop, Thought, Restart]
    assert [type(event) for event in order] == kinds
    assert said(heard.events[: heard.events.index(order[-1])]) == words(3)
    assert heard.text == words(9)


async def test_who_thinks_is_alive_however_long_it_takes(
    make_pool: MakePool, fakes: ProviderServer
):
    """Only its first thought has to come in the time for a first token."""

    async def asked(provider: str) -> None:
        pool = make_pool(provider, first_token_timeout=2.5)
        heard = await hear(pool, "[[say 3 words]]", restarts=True)
        assert (heard.text, len(heard.done.attempts)) == (words(3), 1)
        assert heard.done.attempt.first_token_ms is not None
        assert heard.done.attempt.first_token_ms < 2500 < heard.done.attempt.duration_ms

    await fakes.set(thoughts=["Hm. "] * 8, thoughts_per_second=2, reasoning="reasoning_content")
    await fakes.set("groq", thoughts=["Hm. "] * 8, thoughts_per_second=2)
    await asyncio.gather(*(asked(provider) for provider in ("groq", "openai", "google")))


async def test_thoughts_that_stay_without_words_are_no_answer(
    make_pool: MakePool, fakes: ProviderServer
):
    await fakes.set("groq", thoughts=THOUGHTS, fault={"kind": "empty"})
    heard = await hear(make_pool("groq", "google"), "[[say 9 words]]", restarts=True)
    assert heard.text == words(9)
    assert [type(e) for e in heard.events if not isinstance(e, Text)][-2:] == [
        Hop,
        type(heard.done),
    ]


@pytest.mark.parametrize(
    ("model", "thinks"),
    [
        ("gemini-2.5-flash", True),
        ("gemini-2.5-flash-lite", True),
        ("gemini-2.5-pro-preview-06-05", True),
        ("gemini-3-pro-preview", True),
        ("gemini-2.5-flash-image", False),
        ("gemini-2.5-flash-preview-tts", False),
        ("gemini-2.0-flash", False),
        ("gemma-3-27b-it", False),
    ],
)
async def test_gemini_is_asked_for_thoughts_where_it_has_some(model: str, thinks: bool):
    assert bool(THINKS.match(model)) is thinks


def test_groq_is_asked_to_tell_thoughts_apart_where_they_would_stand_in_the_answer():
    names = ["qwen/qwen3-32b", "deepseek-r1-distill-llama-70b", "openai/gpt-oss-20b", "llama-3.1"]
    assert [bool(THINKS_IN_WORDS.search(name)) for name in names] == [True, True, False, False]
