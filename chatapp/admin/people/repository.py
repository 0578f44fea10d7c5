"""What admins look up about people. Nothing here reads what people wrote."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from chatapp.accounts.finding import named_like
from chatapp.accounts.models import Membership, Role, User, UserStatus
from chatapp.admin.paging import Asked
from chatapp.database import rows_of
from chatapp.limits.models import UsedPeriod

SORTS: Mapping[str, Any] = {
    "email": col(User.email),
    "name": col(User.name),
    "since": col(User.id),
}
"""What people can be sorted by. An id begins with the time at which it was made."""


def people(asked: Asked) -> SelectOfScalar[User]:
    """The people who fit what was asked for."""
    query = rows_of(User)
    if asked.search:
        query = query.where(named_like(asked.search))
    filters = asked.filters
    if (role := filters.get("role")) in set(Role):
        query = query.where(col(User.role) == role)
    if (status := filters.get("status")) in set(UserStatus):
        query = query.where(col(User.status) == status)
    if group := filters.get("group"):
        members = select(Membership.user_id).where(col(Membership.group_id) == _uuid(group))
        query = query.where(col(User.id).in_(members))
    return query


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


async def waiting(session: AsyncSession) -> int:
    """How many people wait for approval."""
    query = select(func.count()).select_from(User).where(col(User.status) == UserStatus.PENDING)
    return (await session.exec(query)).one()


async def questions(
    session: AsyncSession, user_ids: Collection[UUID], month: date
) -> dict[UUID, int]:
    """How much these people have asked in a month; who has not is missing."""
    found = await session.exec(
        select(UsedPeriod.user_id, UsedPeriod.questions).where(
            col(UsedPeriod.user_id).in_(user_ids),
            col(UsedPeriod.kind) == "month",
            col(UsedPeriod.first_day) == month,
        )
    )
    return dict(found.all())
