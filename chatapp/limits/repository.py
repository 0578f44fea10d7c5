"""The SQL of counting and of the ledger. What is a person's own names the person."""

from collections.abc import Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Executable, Integer, Text, Uuid, bindparam, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.limits.models import ProviderAttempt, UsedPeriod
from chatapp.statement import Statement, insert_rows_later

Used = Mapping[str, tuple[int, int]]
"""Questions and tokens of the ``day`` and of the ``month``."""


async def used(session: AsyncSession, user_id: UUID, day: date, month: date) -> Used:
    """What counts against a person's limits in a day and in a month."""
    found = await session.exec(
        select(UsedPeriod).where(
            UsedPeriod.user_id == user_id,
            (col(UsedPeriod.kind) == "day") & (col(UsedPeriod.first_day) == day)
            | (col(UsedPeriod.kind) == "month") & (col(UsedPeriod.first_day) == month),
        )
    )
    counts = {period.kind: (period.questions, period.tokens) for period in found}
    return {kind: counts.get(kind, (0, 0)) for kind in ("day", "month")}


async def count(session: AsyncSession, user_id: UUID, day: date, month: date, tokens: int) -> Used:
    """Count one question of a person, and say what that makes."""
    values = {"user_id": user_id, "day": day, "month": month, "tokens": tokens}
    return {kind: (asked, all_) for kind, asked, all_ in await _COUNT.all(session, **values)}


_COUNT: Statement[tuple[str, int, int]] = Statement(
    lambda: (
        text("""
            INSERT INTO used_periods (user_id, kind, first_day, questions, tokens)
            VALUES (:user_id, 'day', :day, 1, :tokens), (:user_id, 'month', :month, 1, :tokens)
            ON CONFLICT (user_id, kind, first_day) DO UPDATE SET
                questions = used_periods.questions + excluded.questions,
                tokens = used_periods.tokens + excluded.tokens
            RETURNING kind, questions, tokens
        """)
        .bindparams(
            bindparam("user_id", type_=Uuid()),
            bindparam("day", type_=Date()),
            bindparam("month", type_=Date()),
        )
        .columns(kind=Text, questions=Integer, tokens=Integer)
    )
)


def add_attempts(session: AsyncSession, attempts: Sequence[ProviderAttempt]) -> None:
    """Write into the ledger, with the next statement."""
    insert_rows_later(session, *attempts)


SUMS = (
    "attempts",
    "questions",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "saved_tokens",
    "cost",
)


def add_to_days(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Add to the ledger's sums, with the next statement.

    It is always in the same order, so that nobody waits in a circle.
    """
    for row in sorted(rows, key=itemgetter("member")):
        _ADD.later(session, **row)


def _add() -> Executable:
    names = ", ".join(SUMS)
    given = ", ".join(f":{name}" for name in SUMS)
    sums = ", ".join(f"{name} = usage_days.{name} + excluded.{name}" for name in SUMS)
    query = f"""
        INSERT INTO usage_days (day, user_id, member, {names})
        VALUES (:day, :user_id, :member, {given})
        ON CONFLICT (day, user_id, member) DO UPDATE SET {sums}
    """  # noqa: S608 - of our own names
    typed = bindparam("user_id", type_=Uuid()), bindparam("day", type_=Date())
    return text(query).bindparams(*typed)


_ADD: Statement[Any] = Statement(_add)
