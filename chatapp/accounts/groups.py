"""Groups of people: made, named and filled by admins."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp import audit
from chatapp.accounts.models import Group, Membership
from chatapp.broadcast import tell
from chatapp.database import reading, transaction

CHANNEL = "chatapp:groups"
"""Where it is told that groups have changed, or what hangs on them."""

LONGEST_NAME = 100

TAKEN = "There is already a group of this name."
NAMELESS = "A group needs a name."


class GroupRefused(Exception):
    """A group that cannot be made or changed so. ``str()`` of it says why."""


async def every() -> Sequence[tuple[Group, int]]:
    """All groups by name, each with the number of its people."""
    async with reading() as session:
        found = await session.exec(
            select(Group, func.count(col(Membership.user_id)))
            .join(Membership, isouter=True)
            .group_by(col(Group.id), col(Group.name), col(Group.created_at))
            .order_by(col(Group.name))
        )
        return found.all()


async def names() -> Sequence[tuple[UUID, str]]:
    """All groups by name: their ids and names, however many people are in them."""
    async with reading() as session:
        found = await session.exec(select(Group.id, Group.name).order_by(col(Group.name)))
        return found.all()


async def create(name: str, by: UUID | None = None) -> Group:
    """Make a group. Raises: GroupRefused."""
    group = Group(name=_clean(name))
    try:
        async with transaction() as session:
            session.add(group)
            await _note(session, "made", group.id, by, after={"name": group.name})
    except IntegrityError:
        raise GroupRefused(TAKEN) from None
    return group


async def rename(group_id: UUID, name: str, by: UUID | None = None) -> None:
    """Give a group another name. Raises: GroupRefused."""
    clean = _clean(name)
    try:
        async with transaction() as session:
            before = {"name": await _name(session, group_id)}
            await session.exec(update(Group).where(col(Group.id) == group_id).values(name=clean))
            await _note(session, "renamed", group_id, by, before, {"name": clean})
    except IntegrityError:
        raise GroupRefused(TAKEN) from None


async def remove(group_id: UUID, by: UUID | None = None) -> None:
    """Remove a group; its people stay."""
    async with transaction() as session:
        before = {"name": await _name(session, group_id)}
        await _note(session, "removed", group_id, by, before)
        await session.exec(delete(Group).where(col(Group.id) == group_id))
    await changed()


async def add(group_id: UUID, user_ids: Collection[UUID], by: UUID | None = None) -> None:
    """Put people into a group; those who are in it already stay."""
    async with transaction() as session:
        there = set(await members(session, group_id))
        new = [user_id for user_id in dict.fromkeys(user_ids) if user_id not in there]
        session.add_all(Membership(user_id=user_id, group_id=group_id) for user_id in new)
        if new:
            await _note(session, "people-added", group_id, by, after={"people": new})
    await changed()


async def take_out(group_id: UUID, user_ids: Collection[UUID], by: UUID | None = None) -> None:
    """Take people out of a group."""
    async with transaction() as session:
        await session.exec(
            delete(Membership).where(
                col(Membership.group_id) == group_id, col(Membership.user_id).in_(user_ids)
            )
        )
        before = {"people": list(user_ids)}
        await _note(session, "people-taken-out", group_id, by, before)
    await changed()


async def members(session: AsyncSession, group_id: UUID) -> Sequence[UUID]:
    """The people of a group."""
    found = await session.exec(
        select(Membership.user_id).where(col(Membership.group_id) == group_id)
    )
    return found.all()


async def memberships_in(
    session: AsyncSession, group_ids: Collection[UUID]
) -> Sequence[tuple[UUID, UUID]]:
    """Who is in these groups: pairs of a person and a group."""
    if not group_ids:
        return []
    found = await session.exec(
        select(Membership.user_id, Membership.group_id).where(
            col(Membership.group_id).in_(group_ids)
        )
    )
    return found.all()


async def of_person(session: AsyncSession, user_id: UUID) -> Sequence[UUID]:
    """The groups that a person is in."""
    found = await session.exec(
        select(Membership.group_id).where(col(Membership.user_id) == user_id)
    )
    return found.all()


async def changed() -> None:
    """Tell all processes that groups, or what hangs on them, have changed."""
    await tell(CHANNEL, "changed")


async def _name(session: AsyncSession, group_id: UUID) -> str:
    found = await session.exec(select(Group.name).where(col(Group.id) == group_id))
    return found.first() or ""


async def _note(
    session: AsyncSession,
    done: str,
    group_id: UUID,
    by: UUID | None,
    before: Any = None,
    after: Any = None,
) -> None:
    await audit.note(
        session, f"group.{done}", by=by, subject=f"group:{group_id}", before=before, after=after
    )


def _clean(name: str) -> str:
    clean = " ".join(name.split())[:LONGEST_NAME]
    if not clean:
        raise GroupRefused(NAMELESS)
    return clean
