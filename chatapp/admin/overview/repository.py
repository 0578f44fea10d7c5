"""What the overview looks up besides the history. Nothing here reads what people wrote."""

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import func, literal, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.accounts.models import User, UserStatus

COUNTED = 10_000
"""So many people are counted one by one; of more the database knows about how many there are."""

_ABOUT = text("SELECT reltuples FROM pg_class WHERE oid = 'users'::regclass")


@dataclass(frozen=True, slots=True)
class People:
    """How many people there are."""

    count: int
    exact: bool
    """Otherwise ``count`` is rounded."""
    waiting: int
    """How many of them wait for approval."""


async def people(session: AsyncSession) -> People:
    """How many people there are, and how many of them wait for approval."""
    pending = col(User.status) == UserStatus.PENDING
    waiting = (await session.exec(select(func.count()).select_from(User).where(pending))).one()
    everybody = select(literal(1)).select_from(User)
    if session.get_bind().dialect.name == "postgresql":
        everybody = everybody.limit(COUNTED + 1)
    counted = select(func.count()).select_from(everybody.subquery())
    count = (await session.exec(counted)).one()
    if count <= COUNTED or session.get_bind().dialect.name != "postgresql":
        return People(count, True, waiting)
    about = float((await session.exec(cast("Any", _ABOUT))).one()[0])
    return People(max(round(about / 1000) * 1000, COUNTED), False, waiting)
