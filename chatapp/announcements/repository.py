"""All SQL of announcements. What a person has dismissed names the person."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.announcements.models import Announcement, DismissedAnnouncement


async def coming(session: AsyncSession, moment: datetime, limit: int) -> Sequence[Announcement]:
    """Those that are shown at a moment or will be."""
    found = await session.exec(
        select(Announcement)
        .where(or_(col(Announcement.ends_at).is_(None), col(Announcement.ends_at) > moment))
        .order_by(col(Announcement.starts_at).desc())
        .limit(limit)
    )
    return found.all()


async def latest(session: AsyncSession, limit: int) -> Sequence[Announcement]:
    """The last ones, whether they are shown or not, the newest first."""
    found = await session.exec(
        select(Announcement).order_by(col(Announcement.starts_at).desc()).limit(limit)
    )
    return found.all()


async def one(session: AsyncSession, announcement_id: UUID) -> Announcement | None:
    """One announcement."""
    return await session.get(Announcement, announcement_id)


async def end(session: AsyncSession, announcement_id: UUID, moment: datetime) -> bool:
    """Show one no more from a moment on. False: there is none, or it has ended."""
    changed = await session.exec(
        update(Announcement)
        .where(
            col(Announcement.id) == announcement_id,
            or_(col(Announcement.ends_at).is_(None), col(Announcement.ends_at) > moment),
        )
        .values(ends_at=moment)
    )
    return changed.rowcount > 0


async def delete_one(session: AsyncSession, announcement_id: UUID) -> bool:
    """Forget one. False: there is none."""
    gone = await session.exec(delete(Announcement).where(col(Announcement.id) == announcement_id))
    return gone.rowcount > 0


async def dismissed(
    session: AsyncSession, user_id: UUID, announcement_ids: Sequence[UUID]
) -> set[UUID]:
    """Which of these a person has dismissed."""
    found = await session.exec(
        select(DismissedAnnouncement.announcement_id).where(
            DismissedAnnouncement.user_id == user_id,
            col(DismissedAnnouncement.announcement_id).in_(announcement_ids),
        )
    )
    return set(found)


async def dismiss(session: AsyncSession, user_id: UUID, announcement_id: UUID) -> None:
    """Note that a person has read one. It may be done twice."""
    await session.merge(DismissedAnnouncement(user_id=user_id, announcement_id=announcement_id))
