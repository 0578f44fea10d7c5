"""All SQL of limits. What is a person's own names the person."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Table as SQLTable
from sqlalchemy import delete, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.database import add
from chatapp.limits.models import LimitOverride, ProviderAttempt, UsageDay, UsedPeriod

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
    table = _table(UsedPeriod)
    rows = [
        {"user_id": user_id, "kind": kind, "first_day": first, "questions": 1, "tokens": tokens}
        for kind, first in (("day", day), ("month", month))
    ]
    statement = _insert(session, table).values(rows)
    added = statement.on_conflict_do_update(
        index_elements=["user_id", "kind", "first_day"],
        set_={name: table.c[name] + statement.excluded[name] for name in ("questions", "tokens")},
    ).returning(table.c.kind, table.c.questions, table.c.tokens)
    found = await session.exec(added)
    return {kind: (questions, all_tokens) for kind, questions, all_tokens in found}


async def add_attempts(session: AsyncSession, attempts: Sequence[ProviderAttempt]) -> None:
    """Write into the ledger."""
    await add(session, *attempts)


SUMS = (
    "attempts",
    "questions",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "saved_tokens",
    "cost",
)


async def add_to_days(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Add to the ledger's sums; always in the same order, so that nobody waits in a circle."""
    table = _table(UsageDay)
    ordered = sorted(rows, key=lambda row: (row["day"], str(row["user_id"]), row["member"]))
    statement = _insert(session, table).values(ordered)
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=["day", "user_id", "member"],
            set_={name: table.c[name] + statement.excluded[name] for name in SUMS},
        )
    )


async def overrides(session: AsyncSession) -> Sequence[LimitOverride]:
    """All that groups and people have instead of everybody's limits."""
    return (await session.exec(select(LimitOverride))).all()


async def set_override(
    session: AsyncSession,
    name: str,
    value: int | None,
    by: UUID | None,
    *,
    group_id: UUID | None = None,
    user_id: UUID | None = None,
) -> None:
    """Give a group or a person a limit of its own; None takes it back."""
    table = _table(LimitOverride)
    owner = "group_id" if group_id else "user_id"
    if value is None:
        await session.exec(
            delete(LimitOverride).where(
                col(LimitOverride.name) == name,
                table.c[owner] == (group_id or user_id),
            )
        )
        return
    made = LimitOverride(name=name, value=value, changed_by=by, group_id=group_id, user_id=user_id)
    statement = _insert(session, table).values(made.model_dump())
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=[owner, "name"],
            set_={each: statement.excluded[each] for each in ("value", "changed_at", "changed_by")},
        )
    )


async def totals(
    session: AsyncSession,
    by: str,
    first: date,
    last: date,
    *,
    user_id: UUID | None = None,
    user_ids: Sequence[UUID] | None = None,
    limit: int = 1000,
) -> list[dict[str, Any]]:
    """The ledger's sums from one day to another, by ``day``, ``member`` or ``user_id``."""
    table = _table(UsageDay)
    sums = [func.sum(table.c[name]).label(name) for name in SUMS]
    query = (
        select(table.c[by], *sums)
        .where(table.c.day >= first, table.c.day <= last)
        .group_by(table.c[by])
        .order_by(sums[1].desc() if by == "user_id" else table.c[by])
        .limit(limit)
    )
    if user_id is not None:
        query = query.where(table.c.user_id == user_id)
    if user_ids is not None:
        query = query.where(table.c.user_id.in_(user_ids))
    found = await session.exec(query)
    names = (by, *SUMS)
    return [
        {name: int(v) if name in SUMS else v for name, v in zip(names, row, strict=True)}
        for row in found
    ]


async def most_used(
    session: AsyncSession,
    kind: str,
    first: date,
    what: str,
    least: int,
    of: Collection[UUID] | None,
    but: Collection[UUID],
    limit: int,
) -> list[tuple[UUID, int]]:
    """Who has used at least so much in a period, who most first; for admins."""
    table = _table(UsedPeriod)
    query = select(table.c.user_id, table.c[what]).where(
        table.c.kind == kind, table.c.first_day == first, table.c[what] >= least
    )
    if of is not None:
        query = query.where(table.c.user_id.in_(of))
    if but:
        query = query.where(table.c.user_id.not_in(but))
    found = await session.exec(query.order_by(table.c[what].desc(), table.c.user_id).limit(limit))
    return [(user_id, int(used)) for user_id, used in found]


def _table(model: type[Any]) -> SQLTable:
    return model.__table__


def _insert(session: AsyncSession, table: SQLTable) -> Any:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
