"""Every fault at every moment: who asks gets the right answer, or is told that there is none."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from pydantic import SecretStr
from redis.asyncio import Redis

from chatapp.pool.admission import Admission
from chatapp.pool.config import Account, Member, PoolConfig
from chatapp.pool.events import Restart
from chatapp.pool.members import Clients
from chatapp.pool.model import PooledChatModel
from tests.fakes import ProviderServer
from tests.harness.services import Services
from tests.pool.conftest import KEY, MODELS, Heard, ask, said, words

PROVIDERS = ("groq", "google", "openai")
SICK = "sick"

QUESTIONS = 500
AT_ONCE = 30
"""In each of the three tiers."""

SILENCE = 5.0
"""Seconds without a word that are too long. A healthy member never takes so long."""

LENGTH = 8
"""Tokens of an answer."""

BEFORE_WORDS: list[dict[str, Any]] = [
    *({"kind": f"http_{status}"} for status in (400, 403, 404, 413, 429, 500, 503)),
    {"kind": "http_429", "retry_after": 30},
    {"kind": "auth"},
    {"kind": "drop"},
    {"kind": "stall"},
    {"kind": "garbage"},
    {"kind": "empty"},
    {"kind": "error_in_band"},
    {"kind": "drop_after"},
    {"kind": "close_after"},
    {"kind": "stall_after"},
    {"kind": "end_without_finish"},
    {"kind": "half_character"},
    {"kind": "garbage_after"},
]
WITHIN = (
    "error_in_band",
    "drop_after",
    "close_after",
    "stall_after",
    "end_without_finish",
    "half_character",
    "garbage_after",
)


def name_of(fault: dict[str, Any]) -> str:
    return "-".join(map(str, fault.values()))


@pytest.fixture(scope="module")
async def clients() -> AsyncIterator[Clients]:
    """Of all tests here: a client takes a tenth of a second to build."""
    shared = Clients()
    yield shared
    await shared.aclose()


@pytest.fixture
def config(fakes: ProviderServer) -> PoolConfig:
    """A tier for each provider, with a sick account of it before the others' healthy ones."""

    def account(provider: str, name: str) -> Account:
        return Account(
            f"{provider}-{name}", provider, SecretStr(KEY), fakes.base_url(provider, name)
        )

    sick = {provider: account(provider, SICK) for provider in PROVIDERS}
    healthy = {provider: account(provider, "healthy") for provider in PROVIDERS}
    members = [
        Member(tier, one, MODELS[one.provider])
        for tier in PROVIDERS
        for one in (sick[tier], *(healthy[name] for name in PROVIDERS if name != tier))
    ]
    return PoolConfig((*sick.values(), *healthy.values()), tuple(members))


def pool_of(config: PoolConfig, clients: Clients, redis: Redis) -> PooledChatModel:
    """A pool whose books are in this Redis."""
    pool = PooledChatModel(
        config=config, first_token_timeout=SILENCE, idle_gap_timeout=SILENCE, line_timeout=30
    )
    pool._clients, pool._admission = clients, Admission(lambda: redis)
    return pool


@pytest.mark.parametrize("fault", BEFORE_WORDS, ids=name_of)
async def test_with_one_of_three_sick_every_one_of_500_gets_the_right_answer(
    config: PoolConfig,
    clients: Clients,
    fakes: ProviderServer,
    services: Services,
    fault: dict[str, Any],
):
    await fakes.set(account=SICK, fault=fault)
    redis = Redis.from_url((await services.redis()).url())
    pool = pool_of(config, clients, redis)
    seen: Counter[str] = Counter()

    async def asking(tier: str, numbers: Iterator[int]) -> None:
        for _ in numbers:
            events = [e async for e in pool.answer(ask(f"[[say {LENGTH} words]]"), tier=tier)]
            assert Heard(events).text == words(LENGTH)
            seen[Heard(events).done.attempt.member.split("-")[0]] += 1

    async with asyncio.TaskGroup() as group:
        for n, tier in enumerate(PROVIDERS):
            numbers = iter(range(n, QUESTIONS, len(PROVIDERS)))
            for _ in range(AT_ONCE):
                group.create_task(asking(tier, numbers))
    await pool._admission.aclose()
    await redis.aclose()
    assert seen.total() == QUESTIONS
    assert set(seen) == set(PROVIDERS)
    asked = Counter(r["provider"] for r in await fakes.requests() if r["account"] == SICK)
    assert set(asked) == set(PROVIDERS)  # it was there to be met


@pytest.mark.parametrize("kind", WITHIN)
async def test_wherever_an_answer_breaks_the_final_text_is_whole_after_one_restart(
    config: PoolConfig, clients: Clients, fakes: ProviderServer, kind: str
):
    await fakes.set(account=SICK, fault={"kind": kind})

    async def broken(tier: str, after: int) -> None:
        pool = pool_of(config, clients, FakeAsyncRedis(server=FakeServer()))
        question = f"[[say {LENGTH} words]] [[break after {after}]]"
        events = [e async for e in pool.answer(ask(question), tier=tier, restarts=True)]
        heard = Heard(events)
        assert heard.text == words(LENGTH)
        (restart,) = [event for event in events if isinstance(event, Restart)]
        assert said(events[: events.index(restart)]) == words(after)
        assert (restart.attempt.outcome, restart.attempt.why) == ("fail", "broke off")
        assert restart.next_label == heard.done.attempt.label
        assert [attempt.outcome for attempt in heard.done.attempts] == ["fail", "ok"]
        (hop,) = heard.hops
        assert (hop.attempt, hop.next_label) == (restart.attempt, restart.next_label)
        await pool._admission.aclose()

    async with asyncio.TaskGroup() as group:
        for tier in PROVIDERS:
            for after in range(1, LENGTH + 1):
                group.create_task(broken(tier, after))
