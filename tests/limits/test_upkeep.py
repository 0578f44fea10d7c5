"""What the clock does with the ledger: sums are drawn and stay, single rows go after their days."""

import asyncio
import random
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import func, select

from chatapp import controls
from chatapp.database import new_id, now, reading, transaction
from chatapp.limits import admin, upkeep
from chatapp.limits.models import ProviderAttempt, UsageDay
from chatapp.limits.periods import day_of
from chatapp.settings import Settings
from chatapp.statement import insert_rows, new_row

MEMBERS = ("", "google/b", "groq/a")


async def ledger(user_id: UUID, *days_ago: float) -> None:
    rows = [
        new_row(
            ProviderAttempt,
            user_id=user_id,
            answer_id=new_id(),
            day=day_of().first_day,
            outcome="ok",
            at=now() - timedelta(days=days),
        )
        for days in days_ago
    ]
    async with transaction() as session:
        await insert_rows(session, *rows)


async def rows_left() -> int:
    async with reading() as session:
        return (await session.exec(select(func.count()).select_from(ProviderAttempt))).one()


async def test_rows_go_after_their_days_whoever_clears_them_away(
    ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "BATCH", 3)
    await controls.change(upkeep.KEPT_DAYS, 30, None)
    await ledger(ada, *(30 + n / 7 for n in range(1, 20)), *(29.9 - n for n in range(5)))
    await asyncio.gather(*(upkeep.purge() for _ in range(3)))
    # Those who met the rows of another one may have left some for the next time.
    await upkeep.purge()
    assert await rows_left() == 5
    await controls.change(upkeep.KEPT_DAYS, 0, None)
    await ledger(ada, 3000)
    await upkeep.purge()
    assert await rows_left() == 6


def day(day: date, user_id: UUID, dice: random.Random) -> list[UsageDay]:
    return [
        new_row(
            UsageDay,
            day=day,
            user_id=user_id,
            member=member,
            attempts=dice.randrange(9),
            questions=dice.randrange(9),
            prompt_tokens=dice.randrange(10**10),
            saved_tokens=dice.randrange(10**6),
        )
        for member in MEMBERS
    ]


async def test_everybodys_sums_are_those_of_all_people(installation: Settings) -> None:
    dice, today = random.Random(5), day_of().first_day
    rows = [
        row
        for _ in range(4)
        for ago in range(40)
        for row in day(today - timedelta(days=ago), new_id(), dice)
    ]

    async def sums(by: Any) -> dict[Any, tuple[int, ...]]:
        found = admin.added_up(await admin.totals(today - timedelta(days=29), today), by)
        names = ("attempts", "questions", "prompt_tokens", "saved_tokens")
        return {row[by]: tuple(row[name] for name in names) for row in found}

    def expected(by: str) -> dict[Any, tuple[int, ...]]:
        found: dict[Any, list[int]] = {}
        for row in rows:
            if row.day > today - timedelta(days=30):
                mine = (row.attempts, row.questions, row.prompt_tokens, row.saved_tokens)
                before = found.setdefault(getattr(row, by), [0] * len(mine))
                before[:] = map(sum, zip(before, mine, strict=True))
        return {key: tuple(values) for key, values in found.items()}

    async with transaction() as session:
        await insert_rows(session, *rows)
    await asyncio.gather(*(upkeep.sum_up() for _ in range(3)))
    assert await sums("day") == expected("day")
    assert await sums("member") == expected("member")
    # What comes now is seen at once, and stays when it is drawn; what comes late is drawn.
    for ago in (0, 1):
        more = day(today - timedelta(days=ago), new_id(), dice)
        rows += more
        async with transaction() as session:
            await insert_rows(session, *more)
        for _ in range(2):
            if ago:
                await upkeep.sum_up()
            assert await sums("day") == expected("day")
            assert await sums("member") == expected("member")
            await upkeep.sum_up()
