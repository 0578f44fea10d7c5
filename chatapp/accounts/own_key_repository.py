"""All SQL of people's own keys. Every query names the owner."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.accounts.models import KeyUse, OwnKey


async def keys(session: AsyncSession, user_id: UUID) -> Sequence[OwnKey]:
    """The keys of a person, the first one first."""
    found = await session.exec(
        select(OwnKey).where(OwnKey.user_id == user_id).order_by(col(OwnKey.created_at))
    )
    return found.all()


async def remove_provider(session: AsyncSession, user_id: UUID, provider: str) -> bool:
    """Forget a person's key at a provider. False: there is none."""
    gone = await session.exec(
        delete(OwnKey).where(col(OwnKey.user_id) == user_id, col(OwnKey.provider) == provider)
    )
    return gone.rowcount > 0


async def set_use(session: AsyncSession, user_id: UUID, key_id: UUID, use: KeyUse) -> bool:
    """Say when a person's key is used. False: there is no such key."""
    changed = await session.exec(
        update(OwnKey)
        .where(col(OwnKey.id) == key_id, col(OwnKey.user_id) == user_id)
        .values(use=use)
    )
    return changed.rowcount > 0


async def set_refused(session: AsyncSession, user_id: UUID, key_id: UUID, at: datetime) -> bool:
    """Note that a provider did not take a person's key. False: there is no such key."""
    changed = await session.exec(
        update(OwnKey)
        .where(col(OwnKey.id) == key_id, col(OwnKey.user_id) == user_id)
        .values(refused_at=at)
    )
    return changed.rowcount > 0


async def remove(session: AsyncSession, user_id: UUID, key_id: UUID) -> bool:
    """Forget a person's key. False: there is no such key."""
    gone = await session.exec(
        delete(OwnKey).where(col(OwnKey.id) == key_id, col(OwnKey.user_id) == user_id)
    )
    return gone.rowcount > 0


async def owners(session: AsyncSession) -> set[UUID]:
    """Who has keys."""
    return set(await session.exec(select(OwnKey.user_id).distinct()))


async def all_keys(session: AsyncSession) -> Sequence[OwnKey]:
    """Everybody's keys, as sealed as they are, to be sealed anew."""
    return (await session.exec(select(OwnKey))).all()
