"""One question on its way through the members: restarts, lines, deadlines, hints and limits."""

import asyncio
from collections import Counter
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from chatapp.pool.errors import AnswerCut, PoolExhausted
from chatapp.pool.events import Done, Hop, PoolEvent, Restart, Text
from chatapp.pool.trail import attempts
from tests.fakes import ProviderServer
from tests.pool.conftest import MakePool, ask, hear, said, words

ALL = ["groq", "google", "openai"]


async def test_words_that_come_too_slowly_are_a_fault_too(
    make_pool: MakePool, fakes: ProviderServer
):
    await fakes.set("groq", fault={"kind": "drip", "after": 3, "pause": 1.5})
    heard = await hear(
        make_pool("groq", "google", idle_gap_timeout=1), "[[say 9 words]]", restarts=True
    )
    assert heard.text == words(9)
    assert [(a.outcome, a.why) for a in heard.done.attempts] == [("fail", "broke off"), ("ok", "")]


async def test_words_stay_until_another_member_has_words(
    make_pool: MakePool, fakes: ProviderServer
):
    await fakes.set("groq", fault={"kind": "end_without_finish", "after": 3})
    await fakes.set("google", fault={"kind": "http_500"})
    heard = await hear(make_pool("groq", "google", "openai"), "[[say 9 words]]", restarts=True)
    kinds = [type(event) for event in heard.events if not isinstance(event, Text)]
    assert kinds[:3] == [Hop, Hop, Restart]  # the second hop is Gemini's, which had no words
    assert heard.text == words(9)


async def test_when_nobody_is_left_the_words_are_not_called_complete(
    make_pool: MakePool, fakes: ProviderServer
):
    await fakes.set(fault={"kind": "end_without_finish", "after": 3})
    heard: list[PoolEvent] = []
    with pytest.raises(AnswerCut) as caught:
        await hear(make_pool("groq", "google"), "[[say 9 words]]", heard, restarts=True)
    assert said(heard) == words(3)
    assert [a.outcome for a in caught.value.attempts] == ["fail", "fail"]


async def test_a_restarted_answer_may_begin_anew_again(make_pool: MakePool, fakes: ProviderServer):
    for provider in ("groq", "google"):
        await fakes.set(provider, fault={"kind": "drop_after", "after": 4})
    heard = await hear(make_pool(*ALL), "[[say 9 words]]", restarts=True)
    assert heard.text == words(9)
    assert sum(isinstance(event, Restart) for event in heard.events) == 2


async def test_the_whole_answer_has_a_deadline(make_pool: MakePool, fakes: ProviderServer):
    await fakes.set(fault={"kind": "drip", "after": 1, "pause": 0.2})
    pool = make_pool("groq", "google", total_timeout=1)
    with pytest.raises(AnswerCut) as caught:
        await hear(pool, "[[say 500 words]]", restarts=True)
    assert len(caught.value.attempts) == 1  # there was no time for another
    await fakes.wait(closed_early=1)


HINTS: list[tuple[str, dict[str, Any], float]] = [
    ("groq", {"retry_after": 1}, 1),
    ("groq", {"retry_after": 0.7}, 0.7),
    ("openai", {"retry_after_ms": 600}, 0.6),
    ("openai", {"retry_after": 0.2, "retry_after_ms": 700}, 0.7),
    ("groq", {"retry_date": 2}, 1),  # a date has whole seconds
    ("google", {"retry_after": 0.837906927}, 0.837),
]


@pytest.mark.parametrize(("provider", "hint", "least"), HINTS)
async def test_a_hold_is_honoured_by_all_who_ask_meanwhile(
    make_pool: MakePool, fakes: ProviderServer, provider: str, hint: dict[str, Any], least: float
):
    await fakes.set(provider, fault={"kind": "http_429", "times": 1, **hint})
    pool = make_pool(provider, line_timeout=30)
    with pytest.raises(PoolExhausted):
        await hear(pool, "[[say 2 words]]")
    (first,) = await fakes.requests()
    heard = await asyncio.gather(*(hear(pool, "[[say 2 words]]") for _ in range(10)))
    assert all(answer.text == words(2) for answer in heard)
    assert heard[0].done.attempt.wait_ms > 100
    later = [request["at"] for request in await fakes.requests()][1:]
    assert min(later) >= first["ended_at"] + least


async def test_a_used_up_day_lasts_until_midnight_in_california(
    make_pool: MakePool, fakes: ProviderServer
):
    fault = {"kind": "http_429", "quota": "day", "retry_after": 0.01}
    await fakes.set("google", fault=fault)
    pool = make_pool("google")
    with pytest.raises(PoolExhausted) as first:
        await hear(pool, "hello")
    assert first.value.attempts[0].why == "had used up its day"
    with pytest.raises(PoolExhausted) as second:
        await hear(pool, "hello")
    assert second.value.outcome == "rate"
    assert [a.outcome for a in second.value.attempts] == ["passed"]
    assert second.value.attempts[0].why == "had used up its day"
    assert second.value.retry_after is not None
    assert 1 < second.value.retry_after <= 86_400
    assert len(await fakes.requests()) == 1


async def test_groqs_reset_is_a_hint_when_nothing_else_is_said(
    make_pool: MakePool, fakes: ProviderServer
):
    await fakes.set("groq", limits={"rpd": 2, "day": 5})
    pool = make_pool("groq")
    await hear(pool, "[[say 2 words]]")
    await hear(pool, "[[say 2 words]]")
    with pytest.raises(PoolExhausted) as caught:
        await hear(pool, "[[say 2 words]]")
    assert caught.value.outcome == "rate"
    # The headers had told that the day is used up.
    assert [(a.outcome, a.why) for a in caught.value.attempts] == [
        ("passed", "had used up its day")
    ]
    assert len(await fakes.requests()) == 2


async def test_a_question_too_long_for_one_goes_to_a_larger_one(
    make_pool: MakePool, fakes: ProviderServer
):
    await fakes.set("groq", fault={"kind": "http_400", "code": "context_length_exceeded"})
    pool = make_pool("groq", "openai", "google")
    sizes = {"groq": 8000, "openai": 8000, "google": 100_000}
    resized = [replace(m, context=sizes[m.account.name]) for m in pool.config.members]
    pool.config = replace(pool.config, members=tuple(resized))
    heard = await hear(pool, "[[say 9 words]]")
    assert [a.label for a in heard.done.attempts] == ["Groq · llama-fake", "Gemini · gemini-fake"]
    assert heard.done.attempts[0].why == "is too small for the question"
    await fakes.reset()
    await hear(pool, "[[say 2 words]]" + "word " * 20_000)
    assert [request["provider"] for request in await fakes.requests()] == ["google"]


@pytest.mark.parametrize("provider", ALL)
async def test_an_enforced_minute_is_never_exceeded(
    make_pool: MakePool, fakes: ProviderServer, provider: str
):
    await fakes.set(provider, limits={"rpm": 5, "minute": 60})
    pool = make_pool(provider)
    pool.config = replace(
        pool.config, members=tuple(replace(m, rpm=5) for m in pool.config.members)
    )
    asked = await asyncio.gather(
        *(hear(pool, "[[say 2 words]]") for _ in range(12)), return_exceptions=True
    )
    refused = [e for e in asked if isinstance(e, PoolExhausted)]
    assert len(refused) == 7
    assert all(e.retry_after and 50 < e.retry_after <= 61 for e in refused)
    assert Counter(request["state"] for request in await fakes.requests()) == {"done": 5}


@pytest.mark.parametrize("provider", ALL)
@pytest.mark.parametrize("split", [1, 7])
async def test_characters_in_pieces_arrive_whole(
    make_pool: MakePool, fakes: ProviderServer, provider: str, split: int
):
    text = "Grüße, 世界! 🎉 done"
    await fakes.set(provider, text=text, split=split)
    assert (await hear(make_pool(provider), "hello")).text == text


@pytest.mark.parametrize("provider", ALL)
async def test_a_sick_member_is_soon_left_alone_and_nobody_notices(
    make_pool: MakePool, fakes: ProviderServer, provider: str
):
    await fakes.set(provider, fault={"kind": "http_503"})
    pool = make_pool(*ALL)
    heard = [await hear(pool, "[[say 3 words]]") for _ in range(30)]
    assert all(answer.text == words(3) for answer in heard)
    asked = Counter(request["provider"] for request in await fakes.requests())
    assert asked[provider] == 3


async def test_a_record_tells_how_each_attempt_went(make_pool: MakePool, fakes: ProviderServer):
    await fakes.set("groq", fault={"kind": "http_429", "retry_after": 30})
    heard = await hear(make_pool("groq", "google"), "[[say 3 words]]")
    first, second = heard.done.attempts
    assert (first.outcome, first.why, first.error) == (
        "rate",
        "was at its limit",
        "RateLimitError 429",
    )
    assert (second.outcome, second.why, second.error) == ("ok", "", "")
    assert second.completion_tokens == 3


async def test_a_record_names_those_that_could_not_even_be_asked(
    make_pool: MakePool, fakes: ProviderServer
):
    await fakes.set("groq", fault={"kind": "http_429", "retry_after": 30})
    await fakes.set("openai", fault={"kind": "http_429", "quota": "day", "retry_after": 7200})
    pool = make_pool(*ALL)
    for _ in range(2):
        await hear(pool, "[[say 3 words]]")
    with attempts() as noted:
        heard = await hear(pool, "[[say 3 words]]")
    *passed, last = heard.done.attempts
    assert noted == [*passed, last]
    assert {(a.label, a.outcome, a.why) for a in passed} == {
        ("Groq · llama-fake", "passed", "was at its limit"),
        ("openai · gpt-fake", "passed", "was at its limit"),
    }
    assert (last.label, last.outcome) == ("Gemini · gemini-fake", "ok")
    assert heard.hops == []
    assert len(await fakes.requests()) == 5


async def test_a_preferred_member_is_asked_out_of_turn(make_pool: MakePool, fakes: ProviderServer):
    pool = make_pool("groq", "google")
    for _ in range(3):
        events = pool.answer(ask("[[say 2 words]]"), prefer="google/gemini-fake")
        assert isinstance([event async for event in events][-1], Done)
    await fakes.set("google", fault={"kind": "http_500"})
    events = [e async for e in pool.answer(ask("[[say 2 words]]"), prefer="google/gemini-fake")]
    assert said(events) == words(2)
    asked = [request["provider"] for request in await fakes.requests()]
    assert asked == ["google"] * 4 + ["groq"]


async def test_stopping_while_in_line_leaves_nothing(make_pool: MakePool, fakes: ProviderServer):
    await fakes.set("groq", fault={"kind": "http_429", "times": 1, "retry_after": 20})
    pool = make_pool("groq", line_timeout=30)
    with pytest.raises(PoolExhausted):
        await hear(pool, "hello")
    waiting = asyncio.create_task(anext(pool.answer(ask("hello"))))
    await asyncio.sleep(0)
    waiting.cancel()
    assert isinstance((await asyncio.gather(waiting, return_exceptions=True))[0], BaseException)


async def test_stopping_at_a_hop_gives_the_next_members_place_back(
    make_pool: MakePool, fakes: ProviderServer
):
    await fakes.set("groq", fault={"kind": "http_500"})
    pool = make_pool("groq", "google")
    async with aclosing(pool.answer(ask("hello"))) as events:
        assert isinstance(await anext(events), Hop)
    assert [status.in_flight for status in await pool.status()] == [0, 0]
    assert not pool._admission._leases


async def test_when_the_first_word_is_late_the_faster_of_two_answers(
    make_pool: MakePool, fakes: ProviderServer
):
    await fakes.set("groq", fault={"kind": "stall"})
    pool = make_pool("groq", "google", hedge_after=0.1)
    heard = await hear(pool, "[[say 9 words]]")
    assert heard.text == words(9)
    assert [a.outcome for a in heard.done.attempts] == ["stopped", "ok"]
    assert heard.hops == []
    await fakes.wait(closed_early=1, done=1)
    assert [status.in_flight for status in await pool.status()] == [0, 0]


async def test_a_quick_first_word_is_not_hedged(make_pool: MakePool, fakes: ProviderServer):
    heard = await hear(make_pool("groq", "google", hedge_after=10), "[[say 9 words]]")
    assert heard.text == words(9)
    assert len(await fakes.requests()) == 1


async def test_if_the_second_fails_the_first_may_still_answer(
    make_pool: MakePool, fakes: ProviderServer
):
    await fakes.set("groq", first_token_delay=0.6)
    await fakes.set("google", fault={"kind": "http_500"})
    heard = await hear(make_pool("groq", "google", hedge_after=0.1), "[[say 9 words]]")
    assert heard.text == words(9)
    assert [a.outcome for a in heard.done.attempts] == ["fail", "ok"]


async def test_if_both_fail_a_third_is_asked(make_pool: MakePool, fakes: ProviderServer):
    for provider in ("groq", "google"):
        await fakes.set(provider, first_token_delay=0.3, fault={"kind": "end_without_finish"})
    heard = await hear(make_pool(*ALL, hedge_after=0.1), "[[say 9 words]]")
    assert heard.text == words(9)
    assert [a.outcome for a in heard.done.attempts] == ["fail", "fail", "ok"]


async def test_stopping_a_race_closes_both(make_pool: MakePool, fakes: ProviderServer):
    await fakes.set(fault={"kind": "stall"})
    pool = make_pool("groq", "google", hedge_after=0.1)
    asking = asyncio.create_task(hear(pool, "hello"))
    await fakes.wait(received=2)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await fakes.wait(closed_early=2)
    assert [status.in_flight for status in await pool.status()] == [0, 0]
