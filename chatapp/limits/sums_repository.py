"""The SQL of the ledger's sums: reading them, drawing everybody's, removing old rows."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, bindparam, delete, func, literal_column, text, union_all
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.accounts.models import Membership
from chatapp.database import core
from chatapp.limits.models import ProviderAttempt, UsageDay, UsageTotal
from chatapp.limits.repository import SUMS


async def totals(
    session: AsyncSession,
    by: str,
    first: date,
    last: date,
    *,
    growing: date,
    user_id: UUID | None = None,
    group_id: UUID | None = None,
    limit: int = 1000,
) -> list[dict[str, Any]]:
    """The ledger's sums from one day to another, by ``day``, ``member`` or ``user_id``.

    Args:
        session: to read in.
        by: one row for each of these.
        first: the first day.
        last: the last one.
        growing: the first day that was not summed up for good.
        user_id: of this person only.
        group_id: of the people who are in this group.
        limit: the most rows.
    """
    of_people = core(UsageDay)
    query = _sums(of_people, of_people.c[by], first, last)
    if user_id is not None:
        query = query.where(of_people.c.user_id == user_id)
    elif group_id is not None:
        members = select(Membership.user_id).where(col(Membership.group_id) == group_id)
        query = query.where(of_people.c.user_id.in_(members))
    elif by != "user_id":
        # Everybody's sums were drawn before; only the last days are summed up now.
        drawn = core(UsageTotal)
        parts = union_all(
            select(*(drawn.c[name] for name in ("day", "member", *SUMS))).where(
                drawn.c.day < growing
            ),
            _sums(of_people, of_people.c.day, growing, last, of_people.c.member),
        ).subquery()
        query = _sums(parts, parts.c[by], first, last)
    order = literal_column("questions").desc() if by == "user_id" else literal_column(by)
    found = await session.exec(query.order_by(order).limit(limit))
    names = (by, *SUMS)
    return [
        {name: int(v) if name in SUMS else v for name, v in zip(names, row, strict=True)}
        for row in found
    ]


def _sums(table: Any, by: Any, first: date, last: date, *also: Any) -> Any:
    return (
        select(by, *also, *(func.sum(table.c[name]).label(name) for name in SUMS))
        .where(table.c.day >= first, table.c.day <= last)
        .group_by(by, *also)
    )


async def last_summed_up(session: AsyncSession) -> date | None:
    """The last day of which everybody's sums were drawn."""
    return (await session.exec(select(func.max(UsageTotal.day)))).one()


async def sum_up(session: AsyncSession, first: date) -> None:
    """Draw everybody's sums of all days from this one on."""
    await session.exec(_SUM_UP, params={"first": first})  # pyright: ignore[reportCallIssue, reportArgumentType]


# In order, so that nobody waits in a circle.
_SUM_UP = text(f"""
    INSERT INTO usage_totals (day, member, {", ".join(SUMS)})
    SELECT day, member, {", ".join(f"sum({name})" for name in SUMS)}
    FROM usage_days WHERE day >= :first GROUP BY day, member ORDER BY day, member
    ON CONFLICT (day, member) DO UPDATE SET
        {", ".join(f"{name} = excluded.{name}" for name in SUMS)}
""").bindparams(bindparam("first", type_=Date()))  # noqa: S608 - of our own names


async def forget_attempts(session: AsyncSession, before: datetime, limit: int) -> int:
    """Remove some of the ledger's rows of answers that ended before a moment; how many went."""
    old = (
        select(ProviderAttempt.id)
        .where(col(ProviderAttempt.at) < before)
        .order_by(col(ProviderAttempt.at))
        .limit(limit)
        .with_for_update(skip_locked=True)  # other processes take others; SQLite has one writer
    )
    gone = await session.exec(delete(ProviderAttempt).where(col(ProviderAttempt.id).in_(old)))
    return gone.rowcount
