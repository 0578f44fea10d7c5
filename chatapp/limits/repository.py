"""All SQL of limits. What is a person's own names the person."""

from collections.abc import Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Uuid, bindparam, delete, func, text
from sqlalchemy import Table as SQLTable
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.accounts.models import Membership
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
    values = {"user_id": user_id, "day": day, "month": month, "tokens": tokens}
    found = await session.exec(_COUNT, params=values)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return {kind: (questions, all_tokens) for kind, questions, all_tokens in found}


# Each end of an answer runs these: as text they cost no making, and both databases know the form.
_COUNT = text("""
    INSERT INTO used_periods (user_id, kind, first_day, questions, tokens)
    VALUES (:user_id, 'day', :day, 1, :tokens), (:user_id, 'month', :month, 1, :tokens)
    ON CONFLICT (user_id, kind, first_day) DO UPDATE SET
        questions = used_periods.questions + excluded.questions,
        tokens = used_periods.tokens + excluded.tokens
    RETURNING kind, questions, tokens
""").bindparams(
    bindparam("user_id", type_=Uuid()),
    bindparam("day", type_=Date()),
    bindparam("month", type_=Date()),
)


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
    for row in sorted(rows, key=itemgetter("member")):
        await session.exec(_ADD, params=row)  # pyright: ignore[reportCallIssue, reportArgumentType]


_ADD = text(f"""
    INSERT INTO usage_days (day, user_id, member, {", ".join(SUMS)})
    VALUES (:day, :user_id, :member, {", ".join(f":{name}" for name in SUMS)})
    ON CONFLICT (day, user_id, member) DO UPDATE SET
        {", ".join(f"{name} = usage_days.{name} + excluded.{name}" for name in SUMS)}
""").bindparams(bindparam("user_id", type_=Uuid()), bindparam("day", type_=Date()))  # noqa: S608 - of our own names


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
    group_id: UUID | None = None,
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
    if group_id is not None:
        members = select(Membership.user_id).where(col(Membership.group_id) == group_id)
        query = query.where(table.c.user_id.in_(members))
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
    limit: int,
) -> list[tuple[UUID, int]]:
    """Who has used at least so much in a period, who most first; for admins."""
    table = _table(UsedPeriod)
    query = select(table.c.user_id, table.c[what]).where(
        table.c.kind == kind, table.c.first_day == first, table.c[what] >= least
    )
    found = await session.exec(query.order_by(table.c[what].desc(), table.c.user_id).limit(limit))
    return [(user_id, int(used)) for user_id, used in found]


def _table(model: type[Any]) -> SQLTable:
    return model.__table__


def _insert(session: AsyncSession, table: SQLTable) -> Any:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
