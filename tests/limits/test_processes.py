"""Several processes on one Redis and one PostgreSQL: nothing drifts, nothing is left behind."""

import asyncio
import json
from contextlib import AsyncExitStack
from uuid import UUID

import pytest
from sqlmodel import func, select

from chatapp.database import new_id, reading
from chatapp.limits import books as redis_books
from chatapp.limits.models import ProviderAttempt, UsageDay, UsedPeriod
from chatapp.limits.service import Limiter, OverLimit
from chatapp.settings import Settings
from tests.chats.people import person
from tests.harness.worker import worker
from tests.limits.world import allow, books

CALLS = 10_000
LEASE = 2.0

pytestmark = pytest.mark.parametrize("backend", ["real"], indirect=True)


async def counted(user_id: UUID) -> tuple[int, int]:
    """Questions and tokens of this month, as the database counts them."""
    async with reading() as session:
        found = await session.exec(
            select(UsedPeriod.questions, UsedPeriod.tokens).where(
                UsedPeriod.user_id == user_id, UsedPeriod.kind == "month"
            )
        )
        return found.first() or (0, 0)


async def of_the_ledger(user_id: UUID) -> tuple[int, int]:
    async with reading() as session:
        found = await session.exec(
            select(func.count(), func.coalesce(func.sum(ProviderAttempt.completion_tokens), 0))
            .select_from(ProviderAttempt)
            .where(ProviderAttempt.user_id == user_id, ProviderAttempt.member == "groq/llama")
        )
        return found.one()


async def of_the_days(user_id: UUID) -> tuple[int, int]:
    async with reading() as session:
        found = await session.exec(
            select(func.sum(UsageDay.questions), func.sum(UsageDay.completion_tokens)).where(
                UsageDay.user_id == user_id, UsageDay.member == "groq/llama"
            )
        )
        questions, tokens = found.one()
        return questions or 0, tokens or 0


async def test_ten_thousand_mixed_calls_leave_no_drift_though_a_process_is_killed(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [await person() for _ in range(6)]
    for number, who in enumerate(people):
        limits = {"questions_a_month": 10_000, "tokens_a_day": 10**9, "answers_at_once": 4}
        if number == 0:
            limits["questions_a_month"] = 50
        await allow(who, **limits)
    order = {"people": [str(who) for who in people], "lease": LEASE, "at_once": 8}
    async with AsyncExitStack() as stack:
        workers = [
            await stack.enter_async_context(
                worker("tests.limits.worker", order | {"seed": seed, "count": CALLS // 3 + 1})
            )
            for seed in range(3)
        ]
        for each in workers:
            each.go()
        # In the midst of it: some have been charged, and more will be.
        async with asyncio.timeout(60):
            while sum([(await counted(who))[0] for who in people]) < 100:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await workers[0].kill()
        seen = [json.loads(await each.says()) for each in workers[1:]]
    assert sum(each["admitted"] for each in seen) > 500
    assert sum(each["at_once"] for each in seen) > 0

    monkeypatch.setattr(redis_books, "LEASE", LEASE)
    limiter = Limiter()
    for number, who in enumerate(people):
        # Whoever asks next finds that what the dead process held is free.
        async with asyncio.timeout(60):
            while (await books(who))["places"]:
                await asyncio.sleep(LEASE / 4)
                await asked_and_taken_back(limiter, who)
        await asked_and_taken_back(limiter, who)
        counts = await books(who)
        questions, tokens = counts["month_questions"], counts["month_tokens"]
        assert (questions, tokens) == await counted(who)
        assert (questions, tokens) == await of_the_ledger(who) == await of_the_days(who)
        assert questions <= 50 if number == 0 else questions > 50


async def asked_and_taken_back(limiter: Limiter, who: UUID) -> None:
    try:
        admitted = await limiter.admit(who, new_id(), 1)
    except OverLimit:
        return
    assert admitted
    await limiter.give_back(admitted)
