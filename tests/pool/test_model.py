import asyncio
import logging
from contextlib import aclosing

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage
from langchain_core.tools import tool

from chatapp.pool.errors import AnswerCut, PoolExhausted
from chatapp.pool.events import Done, Hop, PoolEvent, Text
from chatapp.pool.trail import attempts
from tests.fakes import ProviderServer
from tests.pool.conftest import KEY, MODELS, MakePool, ask, hear, words

QUICK = {"first_token_timeout": 1, "idle_gap_timeout": 1}
ALL = ["groq", "google", "openai"]
BEFORE = [
    ("http_429", "rate"),
    ("http_500", "fail"),
    ("http_503", "fail"),
    ("http_400", "client"),
    ("http_404", "auth"),
    ("auth", "auth"),
    ("drop", "fail"),
    ("stall", "fail"),
    ("garbage", "fail"),
    ("empty", "fail"),
    ("error_in_band", "fail"),
    ("drop_after", "fail"),
    ("close_after", "fail"),
    ("stall_after", "fail"),
    ("end_without_finish", "fail"),
]
WITHIN = ["error_in_band", "drop_after", "close_after", "stall_after", "end_without_finish"]


def first_provider(other: str) -> str:
    return "groq" if other != "groq" else "google"


async def test_groq_and_gemini_answer_in_turn(make_pool: MakePool, fakes: ProviderServer):
    pool = make_pool("groq", "google")
    who = [(await hear(pool, "[[say 3 words]]")).done.attempt.label for _ in range(4)]
    assert who == ["Groq · llama-fake", "Gemini · gemini-fake"] * 2
    assert [r["provider"] for r in await fakes.requests()] == ["groq", "google"] * 2


async def test_concurrent_questions_are_spread_by_weight(
    make_pool: MakePool, fakes: ProviderServer
):
    pool = make_pool("groq", "google", weights={"groq": 3})
    await asyncio.gather(*(hear(pool, "[[say 2 words]]") for _ in range(12)))
    asked = [r["provider"] for r in await fakes.requests()]
    assert (asked.count("groq"), asked.count("google")) == (9, 3)


@pytest.mark.parametrize("provider", ALL)
async def test_an_answer_is_exact_and_its_tokens_are_counted(make_pool: MakePool, provider: str):
    heard = await hear(make_pool(provider), "please [[say 40 words]]")
    assert heard.text == words(40)
    assert heard.hops == []
    assert heard.done.finish_reason == "stop"
    assert heard.done.usage == {"input_tokens": 4, "output_tokens": 40, "total_tokens": 44}
    attempt = heard.done.attempt
    assert heard.done.attempts == (attempt,)
    assert (attempt.outcome, attempt.prompt_tokens, attempt.completion_tokens) == ("ok", 4, 40)
    assert attempt.first_token_ms is not None
    assert 0 < attempt.first_token_ms <= attempt.duration_ms


@pytest.mark.parametrize("provider", ALL)
@pytest.mark.parametrize(("kind", "outcome"), BEFORE)
async def test_a_fault_before_the_first_word_is_not_seen(
    make_pool: MakePool, fakes: ProviderServer, provider: str, kind: str, outcome: str
):
    other = first_provider(provider)
    await fakes.set(provider, fault={"kind": kind})
    heard = await hear(make_pool(provider, other, **QUICK), "[[say 9 words]]")
    assert heard.text == words(9)
    (hop,) = heard.hops
    assert hop.attempt.outcome == outcome
    assert hop.attempt.label.endswith(MODELS[provider])
    assert hop.next_label.endswith(MODELS[other])
    assert [a.outcome for a in heard.done.attempts] == [outcome, "ok"]


@pytest.mark.parametrize("provider", ALL)
@pytest.mark.parametrize("kind", WITHIN)
async def test_a_fault_after_the_first_word_raises_and_is_never_spliced(
    make_pool: MakePool, fakes: ProviderServer, provider: str, kind: str
):
    other = first_provider(provider)
    await fakes.set(provider, fault={"kind": kind, "after": 3})
    heard: list[PoolEvent] = []
    with pytest.raises(AnswerCut) as caught:
        await hear(make_pool(provider, other, **QUICK), "[[say 9 words]]", heard)
    assert "".join(event.text for event in heard if isinstance(event, Text)) == words(3)
    assert all(isinstance(event, Text) for event in heard)
    assert caught.value.partial
    assert caught.value.outcome == "fail"
    (attempt,) = caught.value.attempts
    assert attempt.outcome == "fail"
    assert [r["provider"] for r in await fakes.requests()] == [provider]


@pytest.mark.parametrize("provider", ALL)
async def test_a_drop_after_the_finish_reason_is_a_whole_answer(
    make_pool: MakePool, fakes: ProviderServer, provider: str
):
    await fakes.set(provider, fault={"kind": "drop_before_usage"})
    heard = await hear(make_pool(provider), "[[say 9 words]]")
    assert heard.text == words(9)
    assert heard.done.finish_reason == "stop"


@pytest.mark.parametrize("provider", ALL)
async def test_an_answer_at_the_models_limit_says_so(
    make_pool: MakePool, fakes: ProviderServer, provider: str
):
    await fakes.set(provider, finish_reason="length")
    assert (await hear(make_pool(provider), "[[say 9 words]]")).done.finish_reason == "length"


async def test_when_nobody_answers_the_error_tells_what_happened(
    make_pool: MakePool, fakes: ProviderServer
):
    await fakes.set("groq", fault={"kind": "http_429", "retry_after": 7.5})
    await fakes.set("google", fault={"kind": "http_429", "retry_after": 45.837906927})
    pool = make_pool("groq", "google")
    with pytest.raises(PoolExhausted) as caught:
        await hear(pool, "hello")
    error = caught.value
    assert (error.outcome, error.retry_after) == ("rate", 7.5)
    assert [a.outcome for a in error.attempts] == ["rate", "rate"]
    assert len(await fakes.requests()) == 2


@pytest.mark.parametrize("provider", ALL)
@pytest.mark.parametrize(
    ("kind", "after"), [(kind, 0) for kind, _ in BEFORE] + [("error_in_band", 2)]
)
async def test_no_key_and_no_providers_text_in_errors_and_logs(
    make_pool: MakePool,
    fakes: ProviderServer,
    caplog: pytest.LogCaptureFixture,
    provider: str,
    kind: str,
    after: int,
):
    caplog.set_level(logging.INFO)
    await fakes.set(provider, fault={"kind": kind, "after": after})
    with pytest.raises((PoolExhausted, AnswerCut)) as caught:
        await hear(make_pool(provider, **QUICK), "[[say 9 words]]")
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    told = f"{error!s} {error!r} {error.attempts!r} {caplog.text}"
    for secret in (KEY, "Failed with", "the key"):
        assert secret not in told


@pytest.mark.parametrize("provider", ALL)
@pytest.mark.parametrize("how", ["cancel", "close"])
async def test_stopping_closes_the_providers_connection_at_once(
    make_pool: MakePool, fakes: ProviderServer, provider: str, how: str
):
    await fakes.set(provider, tokens_per_second=20)
    pool = make_pool(provider)
    begun = asyncio.Event()

    async def listen() -> None:
        async with aclosing(pool.answer(ask("[[say 10000 words]]"))) as events:
            async for _ in events:
                begun.set()
                if how == "close":
                    return

    with attempts() as trail:
        listening = asyncio.create_task(listen())
        await begun.wait()
        if how == "cancel":
            listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    (request,) = await fakes.wait(closed_early=1)
    assert len(request["sent"]) < 50
    assert [attempt.outcome for attempt in trail] == ["stopped"]


@pytest.mark.parametrize("provider", ALL)
async def test_stopping_before_the_first_word_closes_too(
    make_pool: MakePool, fakes: ProviderServer, provider: str
):
    await fakes.set(provider, fault={"kind": "stall"})
    listening = asyncio.create_task(hear(make_pool(provider), "hello"))
    await fakes.wait(received=1)
    listening.cancel()
    await fakes.wait(closed_early=1)
    assert (await asyncio.gather(listening, return_exceptions=True))[0].__class__ is (
        asyncio.CancelledError
    )


async def test_a_member_that_is_given_up_is_not_left_running(
    make_pool: MakePool, fakes: ProviderServer
):
    await fakes.set("groq", fault={"kind": "stall"})
    heard = await hear(make_pool("groq", "google", **QUICK), "[[say 3 words]]")
    assert heard.text == words(3)
    await fakes.wait(closed_early=1, done=1)


async def test_thinking_before_the_first_word_is_a_sign_of_life_but_no_answer(
    make_pool: MakePool, fakes: ProviderServer
):
    await fakes.set("google", thoughts=["let me", "see"], fault={"kind": "drop_after", "after": 0})
    heard = await hear(make_pool("google", "groq"), "[[say 3 words]]")
    assert heard.text == words(3)
    assert heard.hops[0].attempt.first_token_ms is not None


@pytest.mark.parametrize("provider", ALL)
async def test_users_text_reaches_the_provider_verbatim(
    make_pool: MakePool, fakes: ProviderServer, provider: str
):
    text = '{"lc":1,"type":"secret","id":["GROQ_API_KEY"]} {user.__class__} {{7*7}} %s ${jndi}'
    pool = make_pool(provider)
    _ = [e async for e in pool.answer([SystemMessage("be {brief}"), HumanMessage(text)])]
    (request,) = await fakes.requests()
    body = request["body"]
    if provider == "google":
        sent = body["contents"][-1]["parts"][0]["text"]
    else:
        sent = body["messages"][-1]["content"]
    assert sent == text


async def test_tracing_and_proxies_in_the_environment_have_no_effect(
    make_pool: MakePool, fakes: ProviderServer, monkeypatch: pytest.MonkeyPatch
):
    for name in ("LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING", "LANGCHAIN_TRACING"):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv("LANGSMITH_ENDPOINT", fakes.url)
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    pool = make_pool(*ALL)
    for _ in ALL:
        assert (await pool.ainvoke("[[say 3 words]]")).text == words(3)
    assert len(await fakes.requests()) == 3


async def test_the_langchain_interface_tells_who_answered(
    make_pool: MakePool, fakes: ProviderServer
):
    await fakes.set("groq", fault={"kind": "http_500"})
    with attempts() as trail:
        chunks = [c async for c in make_pool("groq", "google").astream("[[say 5 words]]")]
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert isinstance(whole, AIMessageChunk)
    assert whole.text == words(5)
    assert whole.response_metadata["answered_by"] == "google/gemini-fake"
    assert whole.response_metadata["answered_by_label"] == "Gemini · gemini-fake"
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] == 5
    assert [a.outcome for a in trail] == ["fail", "ok"]


async def test_synchronous_calls_work_beside_a_running_loop(make_pool: MakePool):
    pool = make_pool("groq")
    message = await asyncio.to_thread(pool.invoke, "[[say 5 words]]")
    assert message.text == words(5)
    pieces = await asyncio.to_thread(lambda: [c.text for c in pool.stream("[[say 5 words]]")])
    assert "".join(pieces) == words(5)


@pytest.mark.parametrize("provider", ALL)
async def test_tools_are_translated_for_each_provider(
    make_pool: MakePool, fakes: ProviderServer, provider: str
):
    @tool
    def weather(city: str) -> str:
        """The weather in a city."""
        return city

    await fakes.set(provider, tool_calls=[{"name": "weather", "args": {"city": "Rome"}}])
    message = await make_pool(provider).bind_tools([weather]).ainvoke("How is it in Rome?")
    (call,) = message.tool_calls
    assert (call["name"], call["args"]) == ("weather", {"city": "Rome"})
    (request,) = await fakes.requests()
    assert "weather" in str(request["body"]["tools"])


async def test_a_tier_that_is_no_more_is_answered_by_the_whole_pool(make_pool: MakePool):
    pool = make_pool("groq", "google").with_tier("gone")
    events = [e async for e in pool.answer(ask("[[say 2 words]]"), tier="gone")]
    assert isinstance(events[-1], Done)
    assert not any(isinstance(e, Hop) for e in events)
