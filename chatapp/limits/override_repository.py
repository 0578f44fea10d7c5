"""The SQL of limits that groups and people have of their own, and of whom a limit is for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.accounts.models import Group, Membership, User
from chatapp.database import core
from chatapp.limits.models import LimitOverride, UsedPeriod


async def overrides(session: AsyncSession) -> Sequence[LimitOverride]:
    """All that groups and people have instead of everybody's limits."""
    return (await session.exec(select(LimitOverride))).all()


async def override(
    session: AsyncSession, name: str, group_id: UUID | None, user_id: UUID | None
) -> int | None:
    """The limit that a group or a person has of its own."""
    whose = (
        col(LimitOverride.group_id) == group_id
        if group_id
        else col(LimitOverride.user_id) == user_id
    )
    found = await session.exec(select(LimitOverride.value).where(whose, LimitOverride.name == name))
    return found.one_or_none()


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
    table = core(LimitOverride)
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


@dataclass(frozen=True, slots=True)
class Use:
    """Who has used at least so much in a period."""

    kind: str
    """``day`` or ``month``."""
    first_day: date
    what: str
    """``questions`` or ``tokens``."""
    least: int

    def of(self, among: Sequence[ColumnElement[bool]]) -> tuple[Any, ColumnElement[bool]]:
        """What is used, and whose it is among some people."""
        table = core(UsedPeriod)
        return table.c[self.what], and_(table.c.user_id == col(User.id), self.in_period(), *among)

    def in_period(self) -> ColumnElement[bool]:
        """What was counted in the period, and is enough."""
        table = core(UsedPeriod)
        period = (table.c.kind == self.kind) & (table.c.first_day == self.first_day)
        return period & (table.c[self.what] >= self.least)


async def most_used(
    session: AsyncSession,
    use: Use,
    limit: int,
    *among: ColumnElement[bool],
    group_id: UUID | None = None,
) -> list[tuple[UUID, str, int]]:
    """Who has used most, with their e-mails; for admins.

    Args:
        session: to read in.
        use: of what, and when.
        limit: how many people.
        among: whom.
        group_id: only of the people who are in this group.
    """
    table = core(UsedPeriod)
    used = table.c[use.what].label("used")
    most = select(table.c.user_id, used).where(use.in_period())
    if group_id is not None:
        members = select(Membership.user_id).where(col(Membership.group_id) == group_id)
        most = most.where(table.c.user_id.in_(members))
    if among:
        most = most.where(exists().where(table.c.user_id == col(User.id), *among))
    first = most.order_by(used.desc(), table.c.user_id).limit(limit).subquery()
    # Names are looked up for few only.
    query = select(User.id, User.email, first.c.used).join(first, first.c.user_id == col(User.id))
    found = await session.exec(query.order_by(first.c.used.desc(), col(User.id)))
    return [(user_id, email, int(count)) for user_id, email, count in found]


async def how_many_used(session: AsyncSession, use: Use, *among: ColumnElement[bool]) -> int:
    """How many have used so much; for admins."""
    _used, whose = use.of(among)
    return (await session.exec(select(func.count(col(User.id))).where(whose))).one()


async def name_of(session: AsyncSession, group_id: UUID | None, user_id: UUID | None) -> str | None:
    """The name of a group, or the e-mail of a person."""
    query = (
        select(Group.name).where(Group.id == group_id)
        if group_id
        else select(User.email).where(User.id == user_id)
    )
    return (await session.exec(query)).one_or_none()


async def emails(
    session: AsyncSession, limit: int, *among: ColumnElement[bool]
) -> Sequence[tuple[UUID, str]]:
    """Some people and their e-mails, in their order; for admins."""
    query = select(User.id, User.email).where(*among).order_by(col(User.email)).limit(limit)
    return (await session.exec(query)).all()


async def how_many(session: AsyncSession, *among: ColumnElement[bool]) -> int:
    """How many people there are; for admins."""
    return (await session.exec(select(func.count()).select_from(User).where(*among))).one()


def in_group(group_id: UUID) -> ColumnElement[bool]:
    """Whether a person is in a group."""
    return exists().where(
        col(Membership.user_id) == col(User.id), col(Membership.group_id) == group_id
    )


def has_own(name: str) -> ColumnElement[bool]:
    """Whether a person has a limit of their own."""
    return exists().where(
        col(LimitOverride.user_id) == col(User.id), col(LimitOverride.name) == name
    )


def has_of_groups(
    name: str, *, but: UUID | None = None, above: int | None = None
) -> ColumnElement[bool]:
    """Whether a person has a limit by a group.

    Args:
        name: the limit.
        but: by another group than this one.
        above: one that is more generous than this.
    """
    found = exists().where(
        col(Membership.user_id) == col(User.id),
        col(LimitOverride.group_id) == col(Membership.group_id),
        col(LimitOverride.name) == name,
    )
    if but is not None:
        found = found.where(col(Membership.group_id) != but)
    if above is not None:
        found = found.where((col(LimitOverride.value) > above) | (col(LimitOverride.value) == 0))
    return found


def _insert(session: AsyncSession, table: Any) -> Any:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
