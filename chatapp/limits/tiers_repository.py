"""The SQL of the tiers that groups may use."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.accounts.models import Group
from chatapp.limits.models import GroupTier


async def every(session: AsyncSession) -> dict[UUID, frozenset[str]]:
    """What all groups that name tiers may use."""
    found: dict[UUID, frozenset[str]] = {}
    for group_id, tier in await session.exec(select(GroupTier.group_id, GroupTier.tier)):
        found[group_id] = found.get(group_id, frozenset()) | {tier}
    return found


async def of_group(session: AsyncSession, group_id: UUID) -> frozenset[str]:
    """What a group names, to be changed in this transaction; empty: nothing."""
    # The group is locked, since what it names may not be there yet.
    await session.exec(select(Group.id).where(col(Group.id) == group_id).with_for_update())
    query = select(GroupTier.tier).where(col(GroupTier.group_id) == group_id)
    return frozenset(await session.exec(query))


async def set_tiers(session: AsyncSession, group_id: UUID, tiers: Collection[str]) -> None:
    """Say what a group may use; nothing: take back what was said."""
    await session.exec(delete(GroupTier).where(col(GroupTier.group_id) == group_id))
    session.add_all(GroupTier(group_id=group_id, tier=tier) for tier in sorted(set(tiers)))
