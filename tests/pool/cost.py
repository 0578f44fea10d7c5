"""What an answer costs: ``python -m tests.pool.cost``, also for the bench to call.

Only this process' CPU is counted; the fakes run in a process of their own.
"""

import argparse
import asyncio
import time
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from chatapp.pool.config import Account, Member, PoolConfig
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
            if piece := getattr(event, "text", ""):
                if not text:
                    firsts.append((time.perf_counter() - began) * 1000)
                text += piece
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


async def _measured(one, streams: int, firsts: list[float]) -> Cost:
    await one()
    firsts.clear()
    before = time.process_time()
    await asyncio.gather(*(one() for _ in range(streams)))
    cpu = (time.process_time() - before) * 1000 / streams
    firsts.sort()
    return Cost(cpu, firsts[len(firsts) // 2], firsts[int(len(firsts) * 0.95)])


async def main(providers: list[str], streams: int, tokens: int) -> None:
    async with ProviderServer() as fakes:
        for provider in providers:
            pool = pool_on(fakes, provider)
            for rate in (50, 300):
                cost = await of_pool(pool, streams, tokens, rate)
                print(f"{provider} pool {rate}/s: {cost}")
            await pool.aclose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("providers", nargs="*", default=["groq", "google", "openai"])
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=200)
    options = parser.parse_args()
    try:
        import uvloop

        uvloop.run(main(options.providers, options.streams, options.tokens))
    except ImportError:
        asyncio.run(main(options.providers, options.streams, options.tokens))
