"""The SQL of the ledger's sums: reading them, drawing everybody's, removing old rows."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, bindparam, delete, func, text, union_all
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.accounts.models import Membership
from chatapp.database import core
from chatapp.limits.models import ProviderAttempt, UsageDay, UsageTotal
from chatapp.limits.repository import SUMS


async def totals(
    session: AsyncSession,
    first: date,
    last: date,
    *,
    growing: date,
    user_id: UUID | None = None,
    group_id: UUID | None = None,
) -> list[dict[str, Any]]:
    """The ledger's sums of each day and member, in this order.

    Args:
        session: to read in.
        first: the first day.
        last: the last one.
        growing: the first day of which everybody's sums may still grow.
        user_id: of this person only.
        group_id: of the people who are in this group.
    """
    table, drawn = core(UsageDay), core(UsageTotal)
    names = ("day", "member", *SUMS)
    everybodys = user_id is None and group_id is None
    query = (
        select(table.c.day, table.c.member, *(func.sum(table.c[name]) for name in SUMS))
        .where(table.c.day >= (max(first, growing) if everybodys else first), table.c.day <= last)
        .group_by(table.c.day, table.c.member)
    )
    if user_id is not None:
        query = query.where(table.c.user_id == user_id)
    elif group_id is not None:
        members = select(Membership.user_id).where(col(Membership.group_id) == group_id)
        query = query.where(table.c.user_id.in_(members))
    else:
        # Only the last days are added up now.
        before = (drawn.c.day >= first) & (drawn.c.day <= last) & (drawn.c.day < growing)
        query = union_all(select(*(drawn.c[name] for name in names)).where(before), query)
    found = await session.exec(query.order_by("day", "member"))  # pyright: ignore[reportCallIssue, reportArgumentType]
    return [
        {name: int(v) if name in SUMS else v for name, v in zip(names, row, strict=True)}
        for row in found
    ]


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
