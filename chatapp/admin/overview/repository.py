"""What the overview looks up besides the history. Nothing here reads what people wrote."""

from sqlalchemy import case, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.accounts.models import User, UserStatus


async def people(session: AsyncSession) -> tuple[int, int]:
    """How many people there are, and how many of them wait for approval."""
    found = await session.exec(
        select(
            func.count(), func.count(case((col(User.status) == UserStatus.PENDING, 1)))
        ).select_from(User)
    )
    everybody, waiting = found.one()
    return everybody, waiting
