"""Limits when clocks jump: nobody is locked out, and nothing that was used is forgotten."""

import asyncio
import time
from uuid import UUID

import pytest

from chatapp.limits.periods import day_of
from chatapp.limits.service import Limiter, OverLimit
from chatapp.redis import redis
from chatapp.settings import Settings
from tests.harness.clock import Clock
from tests.limits.world import allow, asks, ends

PATIENCE = 15.0
HALF_AN_HOUR = 1800.0

of_redis = pytest.mark.parametrize("backend", ["embedded"], indirect=True)
"""Only the clock of a Redis in this process is ours to set."""


@pytest.fixture
def clock(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def full(limiter: Limiter, user_id: UUID) -> str:
    with pytest.raises(OverLimit) as refused:
        await asks(limiter, user_id)
    return refused.value.denied.limit


@pytest.mark.parametrize("hours", [-24, -1, 1, 24])
@pytest.mark.parametrize("backend", ["real"], indirect=True)
async def test_a_day_is_that_of_redis_whatever_the_process_takes_it_for(
    ada: UUID, limiter: Limiter, clock: Clock, hours: int
) -> None:
    await allow(ada, questions_a_day=2)
    await ends(limiter, await asks(limiter, ada))
    await redis().flushdb()
    clock.jump(hours=hours)
    async with asyncio.timeout(PATIENCE):
        await asks(limiter, ada)
        assert await full(limiter, ada) == "day_questions"


@of_redis
async def test_a_clock_that_goes_back_over_midnight_finds_the_day_as_it_was(
    ada: UUID, limiter: Limiter, clock: Clock
) -> None:
    await allow(ada, questions_a_day=1)
    clock.jump(seconds=day_of().ends.timestamp() - time.time() - HALF_AN_HOUR)
    await ends(limiter, await asks(limiter, ada))
    clock.jump(hours=1)
    await ends(limiter, await asks(limiter, ada))
    clock.jump(hours=-1)
    assert await full(limiter, ada) == "day_questions"


@of_redis
@pytest.mark.parametrize("hours", [-1, 1])
async def test_nobody_waits_longer_for_a_clock_that_jumps(
    ada: UUID, limiter: Limiter, clock: Clock, hours: int
) -> None:
    await allow(ada, questions_a_minute=1, questions_in_a_row=2, answers_at_once=1)
    running = await asks(limiter, ada)
    clock.jump(hours=hours)
    await limiter.keep()
    assert await full(limiter, ada) == "at_once"
    await ends(limiter, running)
    await asks(limiter, ada)
