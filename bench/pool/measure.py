"""The measures of the pool."""

import math
import time
from statistics import median
from typing import Any

from redis.asyncio import Redis

from bench.pool.processes import Process, subjects
from bench.table import Compared, Result
from tests.fakes import ProviderServer
from tests.fakes.behaviour import numbered
from tests.harness.services import Services
from tests.pool.test_processes import all_of, on_fakes

PROVIDERS = ("groq", "google", "openai")
OFFICIAL = {"groq": "ChatGroq", "google": "ChatGoogleGenerativeAI", "openai": "ChatOpenAI"}

STREAMS, WORDS, RATE = 20, 200, 50
CPU_BAR = 20.0
LATENCY_BARS = {"p50": 0.5, "p95": 1.0}
ROUNDS, TURNS = 5, 60

QUESTIONS, AT_ONCE, SILENCE = 120, 12, 4.0
FAULTS: dict[str, dict[str, Any]] = {
    "429": {"kind": "http_429"},
    "500": {"kind": "http_500"},
    "a refused key": {"kind": "auth"},
    "a dropped connection": {"kind": "drop"},
    "silence": {"kind": "stall"},
    "garbage": {"kind": "garbage"},
    "an error within the stream": {"kind": "error_in_band"},
    "an end without a word": {"kind": "end_without_finish"},
    "a silent end after 4 words": {"kind": "end_without_finish", "after": 4},
    "a drop after 4 words": {"kind": "drop_after", "after": 4},
    "silence after 4 words": {"kind": "stall_after", "after": 4},
}

HOLD = 2
STOPS, STOP_BAR = 20, 100.0
RPM, MINUTE = 40, 5
USE_BAR = 95.0


class Pool:
    """The subjects and the providers that they are asked to use."""

    def __init__(
        self, fakes: ProviderServer, redis: Redis, own: Process, theirs: Process, litellm: Any
    ) -> None:
        self.fakes = fakes
        self.redis = redis
        self.own = own
        self.theirs = theirs
        self.litellm: Process | None = litellm

    async def fresh(self) -> None:
        """Forget what was before, in the books and at the providers."""
        await self.redis.flushdb()
        await self.fakes.reset()

    def urls(self, *providers: str, sick: str = "") -> dict[str, str]:
        """Where they are; ``sick`` has an account of its own."""
        return {name: self.fakes.base_url(name, "sick" * (name == sick)) for name in providers}

    def all(self) -> list[Process | None]:
        return [self.own, self.theirs, self.litellm]


async def measure(services: Services, fakes: ProviderServer) -> Result:
    url = (await services.redis()).url()
    redis = Redis.from_url(url)
    async with subjects(url) as (own, theirs, litellm):
        pool = Pool(fakes, redis, own, theirs, litellm)
        result = Result()
        for part in (_latency, _cpu, _stops, _lost, _hold):
            await part(pool, result)
    await redis.aclose()
    await _use(services, fakes, result)
    return result


async def _latency(pool: Pool, result: Result) -> None:
    found: list[dict[str, float]] = []
    for subject in pool.all():
        await pool.fresh()
        order = {"urls": pool.urls("groq"), "count": TURNS}
        rounds = [await subject.do("added", **order) for _ in range(ROUNDS)] if subject else []
        rounds = [each for each in rounds if each]
        keys = rounds[0] if rounds else {}
        found.append({key: median(each[key] for each in rounds) for key in keys})
    for name, bar in LATENCY_BARS.items():
        own, theirs, litellm = (each.get(name) for each in found)
        what = f"later first word than by its own client, {name}"
        result.compared.append(Compared(what, own, None, theirs, litellm, bar, "ms"))
    trips = await _round_trips(pool.redis)
    for name, value in zip(LATENCY_BARS, trips, strict=True):
        what = f"of that, a bare round trip to Redis, {name}"
        result.compared.append(Compared(what, value, None, None, None, None, "ms"))
    for name in LATENCY_BARS:
        own, theirs, litellm = (each.get(f"first_{name}") for each in found)
        alone = found[1].get(f"alone_{name}")
        what = f"first word of an answer, {name}"
        result.compared.append(Compared(what, own, alone, theirs, litellm, None, "ms"))


async def _round_trips(redis: Redis) -> tuple[float, float]:
    """What this machine takes now for the least that a shared admission needs: p50 and p95."""
    times: list[float] = []
    for _ in range(ROUNDS * TURNS):
        began = time.perf_counter()
        await redis.execute_command("PING")
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    return times[len(times) // 2], times[int(len(times) * 0.95)]


async def _cpu(pool: Pool, result: Result) -> None:
    for provider in PROVIDERS:
        await pool.fresh()
        order = {"urls": pool.urls(provider), "streams": STREAMS, "words": WORDS, "rate": RATE}
        own, theirs, litellm = [
            await subject.do("cpu", alone=False, **order) if subject else None
            for subject in pool.all()
        ]
        alone = await pool.theirs.do("cpu", alone=True, **order)
        what = f"CPU of an answer of {WORDS} tokens, {OFFICIAL[provider]}"
        result.compared.append(Compared(what, own, alone, theirs, litellm, CPU_BAR, "ms"))


async def _stops(pool: Pool, result: Result) -> None:
    found = []
    for subject in pool.all():
        await pool.fresh()
        moments = subject and await subject.do("stop", urls=pool.urls("groq"), count=STOPS)
        if not moments:
            found.append(None)
            continue
        requests = await pool.fakes.requests()
        late = [
            (request["ended_at"] - moment) * 1000 if request["ended_at"] else math.inf
            for request, moment in zip(requests, moments, strict=True)
        ]
        found.append(sorted(late)[int(STOPS * 0.95)])
    own, theirs, litellm = found
    what = "from stopping to the provider's connection closed, p95"
    result.compared.append(Compared(what, own, None, theirs, litellm, STOP_BAR, "ms"))


async def _lost(pool: Pool, result: Result) -> None:
    words = 8
    for name, fault in FAULTS.items():
        found = []
        for subject in pool.all():
            await pool.fresh()
            await pool.fakes.set(account="sick", fault=fault)
            order = {
                "urls": pool.urls(*PROVIDERS, sick="groq"),
                "patience": SILENCE,
                "count": QUESTIONS,
                "at_once": AT_ONCE,
                "question": f"[[say {words} words]]",
                "expected": "".join(numbered(words)),
            }
            found.append(await subject.do("lost", **order) if subject else None)
        own, theirs, litellm = found
        what = f"lost of {QUESTIONS}, one of three has {name}"
        result.compared.append(Compared(what, own, None, theirs, litellm, 0, "", hard=True))


async def _hold(pool: Pool, result: Result) -> None:
    found = []
    for subject in pool.all():
        await pool.fresh()
        await pool.fakes.set("groq", fault={"kind": "http_429", "retry_after": HOLD})
        order = {"first": 4, "seconds": HOLD - 0.5, "at_once": 8}
        if (
            subject is None
            or await subject.do("insist", urls=pool.urls("groq", "google"), **order) is None
        ):
            found.append(None)
            continue
        asked = [r for r in await pool.fakes.requests() if r["provider"] == "groq"]
        told = min((r["ended_at"] for r in asked), default=0)
        found.append(sum(told < request["at"] < told + HOLD for request in asked))
    own, theirs, litellm = found
    what = f"calls of a provider within the {HOLD} s that it had asked to be left alone"
    result.compared.append(Compared(what, own, None, theirs, litellm, 0, "", hard=True))


async def _use(services: Services, fakes: ProviderServer, result: Result) -> None:
    """Three processes and a provider that enforces its minute, which is a short one here."""
    await fakes.reset()
    await fakes.set("openai", limits={"rpm": RPM, "minute": MINUTE})
    order = {
        "redis": (await services.redis()).url(),
        "task": "answers",
        "at_once": 8,
        "count": 3 * RPM // 3,
        "question": "[[say 2 words]]",
        "expected": "w0 w1",
        "timing": {"minute": MINUTE * 1000},
        "options": {"line_timeout": 20 * MINUTE},
        "members": on_fakes(fakes, "openai", rpm=RPM),
    }
    await all_of(order)
    requests = await fakes.requests()
    granted = sorted(request["at"] for request in requests if request["state"] == "done")
    # The first minute's requests may all come at once, and so may those of the third.
    whole = granted[2 * RPM] - granted[0]
    refused = sum(request["fault"] is not None for request in requests)
    what = f"use of a quota of {RPM} a minute, by three processes"
    use = 100 * 2 * MINUTE / whole
    result.compared.append(Compared(what, use, None, None, None, USE_BAR, "%", least=True))
    what = "429s meanwhile"
    result.compared.append(Compared(what, refused, None, None, None, 0, "", hard=True))
