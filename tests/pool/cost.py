"""What an answer costs: ``python -m tests.pool.cost``, also for the bench to call.

Only this process' CPU is counted; the fakes run in a process of their own.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

import uvloop
from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from chatapp.pool.attempt import stream_of
from chatapp.pool.config import Account, Member, PoolConfig
from chatapp.pool.events import Text
from chatapp.pool.members import build_client
from chatapp.pool.model import PooledChatModel
from tests.fakes import ProviderServer
from tests.pool.conftest import MODELS, ask, words


@dataclass(frozen=True)
class Cost:
    """Of one answer, in milliseconds."""

    cpu: float
    first_p50: float
    first_p95: float


def pool_on(fakes: ProviderServer, provider: str) -> PooledChatModel:
    account = Account(provider, provider, SecretStr("k"), fakes.base_url(provider))
    member = Member("fast", account, MODELS[provider])
    return PooledChatModel(config=PoolConfig((account,), (member,)))


async def of_pool(pool: PooledChatModel, streams: int, tokens: int, rate: float) -> Cost:
    """The cost of an answer through a pool, with so many at once."""
    firsts: list[float] = []

    async def one() -> None:
        began, text = time.perf_counter(), ""
        async for event in pool.answer(ask(f"[[say {tokens} words at {rate:.0f}/s]]")):
            if isinstance(event, Text):
                if not text:
                    firsts.append((time.perf_counter() - began) * 1000)
                text += event.text
        assert text == words(tokens)

    return await _measured(one, streams, firsts)


async def of_model(model: BaseChatModel, streams: int, tokens: int, rate: float) -> Cost:
    """The cost of an answer of a LangChain model alone."""
    firsts: list[float] = []

    async def one() -> None:
        began, text = time.perf_counter(), ""
        async for chunk in model.astream(f"[[say {tokens} words at {rate:.0f}/s]]"):
            if chunk.text:
                if not text:
                    firsts.append((time.perf_counter() - began) * 1000)
                text += chunk.text
        assert text == words(tokens)

    return await _measured(one, streams, firsts)


async def _measured(one: Callable[[], Awaitable[None]], streams: int, firsts: list[float]) -> Cost:
    await one()
    firsts.clear()
    before = time.process_time()
    await asyncio.gather(*(one() for _ in range(streams)))
    cpu = (time.process_time() - before) * 1000 / streams
    firsts.sort()
    return Cost(cpu, firsts[len(firsts) // 2], firsts[int(len(firsts) * 0.95)])


async def added_latency(
    pool: PooledChatModel, model: BaseChatModel, count: int
) -> tuple[float, float]:
    """By how many milliseconds the first word comes later through a pool: p50 and p95.

    The model is asked in turn with the pool, so that both have the same machine.
    """
    direct: list[float] = []
    pooled: list[float] = []
    for _ in range(count):
        began = time.perf_counter()
        async with aclosing(stream_of(model, ask("[[say 1 words]]"), None, {})) as chunks:
            direct += [_since(began) async for chunk in chunks if chunk.text]
        began = time.perf_counter()
        events = pool.answer(ask("[[say 1 words]]"))
        pooled += [_since(began) async for event in events if isinstance(event, Text)]
    direct.sort()
    pooled.sort()
    half, most = count // 2, int(count * 0.95)
    return pooled[half] - direct[half], pooled[most] - direct[most]


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


async def main(providers: list[str], streams: int, tokens: int, redis_url: str | None) -> None:
    if redis_url:
        os.environ["REDIS_URL"] = redis_url
    async with ProviderServer() as fakes:
        for provider in providers:
            pool = pool_on(fakes, provider)
            for rate in (50, 300):
                print(provider, f"{rate}/s", await of_pool(pool, streams, tokens, rate))
            own = build_client(pool.config.members[0])
            await added_latency(pool, own.model, 20)
            added = await added_latency(pool, own.model, 300)
            print(provider, "added latency p50, p95 in ms: {:.2f}, {:.2f}".format(*added))
            await own.aclose()
            await pool.aclose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("providers", nargs="*", default=["groq", "google", "openai"])
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--redis", help="the address of a Redis; without it an embedded one")
    options = parser.parse_args()
    uvloop.run(main(options.providers, options.streams, options.tokens, options.redis))
