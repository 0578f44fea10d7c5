"""What admins look up about providers. Nothing here reads what people wrote."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.answers.models import Answer


async def recent_attempts(
    session: AsyncSession, limit: int
) -> Sequence[tuple[datetime, list[dict[str, Any]]]]:
    """When the last answers ended, the newest first, and the attempts at each."""
    found = await session.exec(
        select(Answer.ended_at, Answer.attempts)
        .where(col(Answer.ended_at).is_not(None))
        .order_by(col(Answer.ended_at).desc())
        .limit(limit)
    )
    return [(ended, list(attempts)) for ended, attempts in found if ended is not None]
