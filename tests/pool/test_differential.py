"""The same traffic through the official clients alone and through ours: nothing changes."""

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_groq import ChatGroq
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from chatapp.pool.attempt import stream_of, translate
from chatapp.pool.config import Account, Member
from chatapp.pool.errors import classify
from chatapp.pool.members import build_client
from tests.fakes import ProviderServer
from tests.pool.conftest import KEY, MODELS

PROVIDERS = ["groq", "openai", "google"]
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
CALLS = [{"name": "weather", "args": {"city": "Rom, Grüße 世界"}}, {"name": "weather", "args": {}}]
BEHAVIOURS: dict[str, dict[str, Any]] = {
    "words": {},
    "slow words": {"tokens_per_second": 150},
    "other letters": {"text": 'Grüße, 世界! 🎉 "quoted" \\ back\n\nnew', "split": 3},
    "no words": {"text": ""},
    "thoughts": {"thoughts": ["let me", " see"]},
    "tools": {"tool_calls": CALLS},
    "the limit": {"finish_reason": "length"},
    "a filter": {"finish_reason": "content_filter"},
    "no usage": {"usage": False},
}
FAULTS: list[dict[str, Any]] = [
    {"kind": "http_400"},
    {"kind": "http_400", "code": "context_length_exceeded"},
    {"kind": "http_403"},
    {"kind": "http_404"},
    {"kind": "http_413"},
    {"kind": "http_422"},
    {"kind": "http_429", "retry_after": 7.5},
    {"kind": "http_429", "retry_after_ms": 1200},
    {"kind": "http_500"},
    {"kind": "http_503", "retry_after": 3},
    {"kind": "auth"},
    {"kind": "drop"},
    {"kind": "empty"},
    {"kind": "error_in_band", "after": 0},
    {"kind": "error_in_band", "after": 4},
    {"kind": "error_in_band", "after": 4, "code": "rate_limit_exceeded"},
    {"kind": "drop_after", "after": 4},
    {"kind": "close_after", "after": 4},
    {"kind": "end_without_finish", "after": 4},
    {"kind": "half_character", "after": 4},
    {"kind": "garbage_after", "after": 4},
]


@dataclass
class Result:
    """What a caller of a chat model sees."""

    text: str = ""
    tool_calls: list[Any] = field(default_factory=list)
    thoughts: str = ""
    usage: dict[str, Any] = field(default_factory=dict)
    finish: list[str] = field(default_factory=list)
    error: tuple[Any, ...] = ()


def official(provider: str, base_url: str) -> tuple[BaseChatModel, httpx.AsyncClient]:
    """An integration as its makers ship it."""
    http, model, key = httpx.AsyncClient(trust_env=False), MODELS[provider], SecretStr(KEY)
    if provider == "groq":
        return ChatGroq(
            model=model, api_key=key, base_url=base_url, max_retries=0, http_async_client=http
        ), http
    if provider == "openai":
        return ChatOpenAI(
            model=model,
            api_key=key,
            base_url=base_url,
            max_retries=0,
            http_async_client=http,
            stream_usage=True,
            use_responses_api=False,
        ), http
    transport = httpx.AsyncHTTPTransport(retries=0)
    return ChatGoogleGenerativeAI(
        model=model,
        api_key=key,
        base_url=base_url,
        max_retries=1,
        client_args={"transport": transport},
        vertexai=False,
    ), http


async def result(model: BaseChatModel, options: dict[str, Any]) -> Result:
    messages = [
        HumanMessage("How is it in Rome? [[say 20 words]]"),
        AIMessage("", tool_calls=[{"name": "weather", "args": {"city": "Rome"}, "id": "c1"}]),
        ToolMessage("sunny", tool_call_id="c1", name="weather"),
        HumanMessage("Thanks! [[say 20 words]]"),
    ]
    found, whole = Result(), None
    try:
        async for chunk in stream_of(model, messages, ["END"], translate(model, options)):
            whole = chunk if whole is None else whole + chunk
            found.finish += finishes(chunk)
    except Exception as error:
        failure = classify(error)
        found.error = (name_of(error), failure.outcome, failure.retry_after, failure.too_long)
    if whole is not None:
        message = whole.message
        assert isinstance(message, AIMessageChunk)
        found.text = message.text
        found.tool_calls = [(c["name"], c["args"]) for c in message.tool_calls]
        found.thoughts = message.additional_kwargs.get("reasoning_content", "")
        found.usage = dict(message.usage_metadata or {})
    return found


def name_of(error: Exception) -> str:
    """The error's class; each SDK has its own way to say that the connection or the text broke."""
    name = type(error).__name__
    if isinstance(error, httpx.TransportError) or name.endswith("ConnectionError"):
        return "network"
    return "garbled" if isinstance(error, ValueError) else name


def finishes(chunk: ChatGenerationChunk) -> list[str]:
    reason = (chunk.generation_info or {}).get("finish_reason")
    return [reason] if reason else []


async def both(fakes: ProviderServer, provider: str, **options: Any) -> tuple[Result, Result]:
    base_url = fakes.base_url(provider)
    reference, http = official(provider, base_url)
    ours = build_client(
        Member("t", Account(provider, provider, SecretStr(KEY), base_url), MODELS[provider])
    )
    try:
        expected = await result(reference, options)
        got = await result(ours.model, options)
    finally:
        await ours.aclose()
        await http.aclose()
    first, second = await fakes.requests()
    assert first["body"] == second["body"]
    assert first["key"] == second["key"]
    return expected, got


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
async def test_answers_are_the_same(fakes: ProviderServer, provider: str, behaviour: str):
    await fakes.set(provider, **BEHAVIOURS[behaviour])
    options = {"tools": [TOOL]} if behaviour == "tools" else {}
    expected, got = await both(fakes, provider, **options)
    assert expected.error == ()
    if (behaviour, provider) == ("thoughts", "openai"):
        # What look-alikes tell, and the integration leaves out.
        assert (expected.thoughts, got.thoughts) == ("", "let me see")
        expected.thoughts = got.thoughts
    assert got == expected


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(map(str, fault.values())))
async def test_faults_are_the_same(fakes: ProviderServer, provider: str, fault: dict[str, Any]):
    await fakes.set(provider, fault=fault, tokens_per_second=400)
    expected, got = await both(fakes, provider)
    assert got == expected


@pytest.mark.parametrize("provider", ["groq", "openai"])
async def test_what_is_no_stream_is_the_sdks(fakes: ProviderServer, provider: str):
    base_url = fakes.base_url(provider)
    account = Account(provider, provider, SecretStr(KEY), base_url)
    ours = build_client(Member("t", account, MODELS[provider]))
    try:
        message = await ours.model.ainvoke("[[say 4 words]]")
    finally:
        await ours.aclose()
    assert message.text == "w0 w1 w2 w3"
    assert [request["stream"] for request in await fakes.requests()] == [False]
