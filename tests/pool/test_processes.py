"""Several processes on one Redis are one pool."""

import asyncio
import json
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import pytest
from redis.asyncio import Redis

from chatapp.pool.admission import Admission
from chatapp.pool.leases import Ending, Timing
from tests.fakes import ProviderServer
from tests.harness.services import Services
from tests.harness.worker import worker
from tests.pool.conftest import MODELS, words
from tests.pool.test_admission import members as made
from tests.pool.worker import members as read_members

PROCESSES = 3


@pytest.fixture
async def url(services: Services) -> str:
    return (await services.redis()).url()


async def all_of(order: dict[str, Any], processes: int = PROCESSES) -> list[Any]:
    """What processes return that all do the same at the same time."""
    async with AsyncExitStack() as stack:
        running = [
            await stack.enter_async_context(worker("tests.pool.worker", order))
            for _ in range(processes)
        ]
        for each in running:
            each.go()
        return [json.loads(await each.says()) for each in running]


def on_fakes(fakes: ProviderServer, *providers: str, **limits: int) -> dict[str, Any]:
    return {
        name: {"url": fakes.base_url(name), "model": MODELS[name], **limits} for name in providers
    }


@pytest.mark.parametrize("weights", [{"a": 1, "b": 1}, {"a": 3, "b": 1}])
async def test_shares_are_exact_over_all_processes(url: str, weights: dict[str, int]):
    order = {
        "redis": url,
        "task": "turns",
        "count": 1000,
        "members": {name: {"provider": "openai", "weight": w} for name, w in weights.items()},
    }
    found = sum((Counter(chosen) for chosen in await all_of(order)), Counter())
    assert sum(found.values()) == 3000
    for name, weight in weights.items():
        assert abs(found[name] / 3000 - weight / sum(weights.values())) < 0.01


async def test_one_question_of_all_probes_a_member_that_may_be_back(
    fakes: ProviderServer, url: str
):
    order = {
        "redis": url,
        "task": "answers",
        "at_once": 60,
        "question": "[[say 2 words]]",
        "expected": words(2),
        "options": {"first_token_timeout": 8},
        "members": on_fakes(fakes, "groq", "google"),
    }
    client = Redis.from_url(url)
    books = Admission(lambda: client, Timing(open=1))
    sick = [m for m in read_members(json.loads(json.dumps(order))) if m.account.name == "groq"]
    for lease in [await books.admit("fast", sick) for _ in range(3)]:
        assert not hasattr(lease, "why")
        await books.settle(lease, Ending("fail"))  # pyright: ignore[reportArgumentType]
    await fakes.set("groq", fault={"kind": "stall"})
    found = await all_of(order)
    await client.aclose()
    asked = Counter(request["provider"] for request in await fakes.requests())
    assert asked == {"groq": 1, "google": 180}
    assert sum(one["answered"]["google/gemini-fake"] for one in found) == 180
    assert all(not one["errors"].get("PoolExhausted") for one in found)


MINUTE = 5


@pytest.mark.parametrize(
    ("limits", "at_once"), [({"rpm": 40}, 8), ({"tpm": 600}, 6)], ids=["rpm", "tpm"]
)
async def test_an_enforced_minute_is_never_exceeded(
    fakes: ProviderServer, url: str, limits: dict[str, int], at_once: int
):
    a_minute = limits.get("rpm") or limits["tpm"] // 15
    await fakes.set("openai", limits={**limits, "minute": MINUTE})
    order = {
        "redis": url,
        "task": "answers",
        "at_once": at_once,
        "count": 2 * a_minute // PROCESSES + 1,
        "question": "[[say 12 words]]",  # 3 tokens, and 12 for the answer
        "expected": words(12),
        "timing": {"minute": MINUTE * 1000},
        "options": {"line_timeout": 12 * MINUTE},
        "members": on_fakes(fakes, "openai", **limits),
    }
    found = await all_of(order)
    assert not any("429" in error for one in found for error in one["errors"])
    requests = await fakes.requests()
    assert not any(request["fault"] for request in requests)
    assert sum(one["answered"]["openai/gpt-fake"] for one in found) == len(requests)
    assert len(requests) > 2 * a_minute


@pytest.mark.parametrize("limits", [{"rpm": 300}, {"tpm": 90_000}, {"rpd": 300}])
async def test_all_processes_together_are_given_the_whole_quota_and_no_more(
    url: str, limits: dict[str, int]
):
    order = {
        "redis": url,
        "task": "grab",
        "count": 110,
        "members": {"a": {"provider": "openai", **limits}},
    }
    assert sum(await all_of(order)) == 300  # a turn is reserved with 300 tokens at first


async def test_an_enforced_day_is_used_up_and_never_exceeded(fakes: ProviderServer, url: str):
    await fakes.set("groq", limits={"rpd": 50})
    order = {
        "redis": url,
        "task": "answers",
        "at_once": 25,
        "question": "[[say 2 words]]",
        "expected": words(2),
        "options": {"line_timeout": 0},
        "members": on_fakes(fakes, "groq", rpd=50),
    }
    found = await all_of(order)
    assert sum(one["answered"].get("groq/llama-fake", 0) for one in found) == 50
    assert Counter(request["state"] for request in await fakes.requests()) == {"done": 50}


async def test_a_killed_process_gives_back_its_places(fakes: ProviderServer, url: str):
    await fakes.set("groq", fault={"kind": "stall"})
    timing = {"lease": 400}
    order = {
        "redis": url,
        "task": "answers",
        "at_once": 1,
        "question": "hello",
        "expected": "",
        "timing": timing,
        "members": on_fakes(fakes, "groq", concurrency=1),
    }
    who = read_members(json.loads(json.dumps(order)))
    client = Redis.from_url(url)
    books = Admission(lambda: client, Timing(**timing))
    async with worker("tests.pool.worker", order) as asking:
        asking.go()
        await fakes.wait(received=1)
        for _ in range(8):  # longer than a lease: it is kept while the answer goes on
            await asyncio.sleep(0.1)
            assert (await books.status(who))[1][1] == 1
        await asking.kill()
    while (await books.status(who))[1][1]:  # noqa: ASYNC110 - Redis has no event for it
        await asyncio.sleep(0.05)
    assert made(a=1)
    await client.aclose()
