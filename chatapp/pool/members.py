"""One shared LangChain client per member: they cost a tenth of a second each to build."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import httpx
from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from chatapp.pool import wire
from chatapp.pool.config import Account, Member
from chatapp.pool.demo import DemoChatModel
from chatapp.pool.lean import Completions

GROQ = "https://api.groq.com"
GOOGLE = "https://generativelanguage.googleapis.com"
OPENAI = "https://api.openai.com/v1"
# Addresses are always given: without one the integrations look for variables in the environment
# that send questions and keys elsewhere.

LEAN = True
"""Whether streams are read past the SDKs; they are the reference in tests."""

THINKS = re.compile(r"gemini-(2\.5|[3-9][\d.]*)-(pro|flash|flash-lite)(?!.*(image|tts|audio|live))")
"""Gemini's models that tell what they think when they are asked to. Others refuse that."""

THINKS_IN_WORDS = re.compile("qwen3|qwq|deepseek-r1")
"""Groq's models whose thoughts stand in their answers, unless they are asked to tell them apart."""

DEMO_DELAY = 1 / 120
"""Seconds between two pieces of the demo's answer; a word has about two."""


async def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Client:
    """A member's LangChain model and how to close it."""

    model: BaseChatModel
    aclose: Callable[[], Awaitable[None]] = _nothing


def build_client(member: Member) -> Client:
    """Build the client of a member. Slow: call it in a thread.

    Raises:
        ImportError: the package of the integration is not installed.
    """
    account = member.account
    builder = BUILDERS.get(account.provider, _other)
    return builder(account, member.model)


def _key(account: Account) -> SecretStr:
    return account.api_key or SecretStr("")


def _plain(account: Account) -> str:
    return _key(account).get_secret_value()


def _demo(account: Account, model: str) -> Client:
    return Client(DemoChatModel(delay=DEMO_DELAY))


def _groq(account: Account, model: str) -> Client:
    import groq
    from langchain_groq import ChatGroq

    client, unused = wire.async_client(), httpx.Client(verify=wire.tls(), trust_env=False)
    built = ChatGroq(
        model=model,
        api_key=_key(account),
        base_url=account.base_url or GROQ,
        max_retries=0,
        timeout=wire.TIMEOUT,
        http_client=unused,
        http_async_client=client,
        reasoning_format="parsed" if THINKS_IN_WORDS.search(model) else None,
    )
    if LEAN:
        url = f"{account.base_url or GROQ}/openai/v1/chat/completions"
        built.async_client = Completions(built.async_client, groq, client, url, _plain(account))
    return Client(built, client.aclose)


def _google(account: Account, model: str) -> Client:
    from langchain_google_genai import ChatGoogleGenerativeAI

    built = ChatGoogleGenerativeAI(
        model=model,
        api_key=_key(account),
        base_url=account.base_url or GOOGLE,
        max_retries=1,
        include_thoughts=True if THINKS.match(model) else None,
        # A transport of our own keeps the SDK from taking aiohttp, whose errors are others.
        client_args={"transport": wire.Transport(), "trust_env": False, "timeout": wire.TIMEOUT},
        vertexai=False,
    )
    return Client(built, built.aclose)


def _openai(account: Account, model: str) -> Client:
    import openai

    from chatapp.pool.aloud import Aloud

    client, unused = wire.async_client(), httpx.Client(verify=wire.tls(), trust_env=False)
    base_url = account.base_url or OPENAI
    built = Aloud(
        model=model,
        api_key=_key(account),
        base_url=base_url,
        max_retries=0,
        timeout=wire.TIMEOUT,
        # Mistral refuses the option and reports usage without it.
        stream_usage="api.mistral.ai" not in base_url,
        stream_chunk_timeout=None,
        use_responses_api=False,
        http_client=unused,
        http_async_client=client,
    )
    if LEAN:
        url = f"{base_url}/chat/completions"
        built.async_client = Completions(built.async_client, openai, client, url, _plain(account))
    return Client(built, client.aclose)


def _other(account: Account, model: str) -> Client:
    from langchain.chat_models import init_chat_model

    options: dict[str, Any] = {"max_retries": 0, "api_key": _key(account).get_secret_value()}
    if account.base_url:
        options["base_url"] = account.base_url
    return Client(init_chat_model(model, model_provider=account.provider, **options))


BUILDERS: dict[str, Callable[[Account, str], Client]] = {
    "demo": _demo,
    "groq": _groq,
    "google": _google,
    "openai": _openai,
}


class Clients:
    """The clients of all members, built at their first use.

    Connections belong to an event loop, so each loop has its own.
    """

    def __init__(self, build: Callable[[Member], Client] = build_client) -> None:
        self._build = build
        self._loops: WeakKeyDictionary[
            asyncio.AbstractEventLoop, dict[tuple[str, Account], asyncio.Task[Client]]
        ] = WeakKeyDictionary()

    async def get(self, member: Member) -> Client:
        """The client of a member, for the running loop.

        Raises:
            Exception: whatever the integration raises while it is built; the next call tries again.
        """
        tasks = self._loops.setdefault(asyncio.get_running_loop(), {})
        # Its account may be given another key or address while the process runs.
        key = (member.name, member.account)
        task = tasks.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = tasks[key] = asyncio.create_task(
                asyncio.to_thread(self._build, member), name=f"build {member.name}"
            )
        # One caller's leaving must not take the client from the others who wait for it.
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """Close the clients of the running loop."""
        tasks = self._loops.pop(asyncio.get_running_loop(), {})
        for result in await asyncio.gather(*tasks.values(), return_exceptions=True):
            if isinstance(result, Client):
                await result.aclose()
