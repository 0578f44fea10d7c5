"""What admins look up. Nothing here reads what people wrote."""

from sqlalchemy import case, func
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.accounts.models import User, UserStatus

_ESCAPE = "\\"


async def people(session: AsyncSession, search: str, offset: int, limit: int) -> list[User]:
    """People whose e-mail or name holds a text: those who wait first, then the newest."""
    query = select(User)
    if search:
        text = search.casefold()
        for special in (_ESCAPE, "%", "_"):
            text = text.replace(special, _ESCAPE + special)
        pattern = f"%{text}%"
        query = query.where(
            or_(
                col(User.email).like(pattern, escape=_ESCAPE),
                func.lower(User.name).like(pattern, escape=_ESCAPE),
            )
        )
    waiting_first = case((col(User.status) == UserStatus.PENDING, 0), else_=1)
    found = await session.exec(
        query.order_by(waiting_first, col(User.created_at).desc(), col(User.id))
        .offset(offset)
        .limit(limit)
    )
    return list(found.all())
