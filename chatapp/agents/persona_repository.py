"""All SQL of what answers may know about a person. Every query names the owner."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.agents.models import Memory, Persona
from chatapp.database import rows_of


async def read(session: AsyncSession, user_id: UUID) -> tuple[Persona, list[str]] | None:
    """What a person has written and, if the memory is on, its entries, in one query."""
    found = (await session.exec(_read(), params={"user_id": user_id})).all()
    if not found:
        return None
    about, style, remembers, _ = found[0]
    persona = Persona(user_id=user_id, about=about, style=style, remembers=remembers)
    return persona, [text for *_, text in found if text]


# Every question of who has written something needs it.
@cache
def _read() -> Any:
    mine = and_(
        col(Memory.user_id) == bindparam("user_id", type_=Uuid()), col(Persona.remembers).is_(True)
    )
    return (
        select(Persona.about, Persona.style, Persona.remembers, Memory.text)
        .join(Memory, mine, isouter=True)
        .where(col(Persona.user_id) == bindparam("user_id", type_=Uuid()))
        .order_by(col(Memory.created_at), col(Memory.id))
    )


async def persona(session: AsyncSession, user_id: UUID) -> Persona | None:
    """What a person has written."""
    found = await session.exec(rows_of(Persona).where(Persona.user_id == user_id))
    return found.first()


async def locked(session: AsyncSession, user_id: UUID) -> Persona:
    """What a person has written, held for this transaction; made if it is not there."""
    query = select(Persona).where(Persona.user_id == user_id).with_for_update()
    if (there := (await session.exec(query)).first()) is not None:
        return there
    try:
        async with session.begin_nested():
            session.add(Persona(user_id=user_id))
    except IntegrityError:
        pass  # another was quicker
    return (await session.exec(query)).one()


async def set_persona(session: AsyncSession, user_id: UUID, **values: Any) -> None:
    """Change what a person has written."""
    await locked(session, user_id)
    await session.exec(
        update(Persona)
        .where(col(Persona.user_id) == user_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


async def delete_persona(session: AsyncSession, user_id: UUID) -> None:
    """Forget what a person has written."""
    await session.exec(delete(Persona).where(col(Persona.user_id) == user_id))


async def memories(session: AsyncSession, user_id: UUID) -> Sequence[Memory]:
    """All that is remembered of a person, oldest first."""
    found = await session.exec(
        rows_of(Memory)
        .where(Memory.user_id == user_id)
        .order_by(col(Memory.created_at), col(Memory.id))
    )
    return found.all()


async def rewrite(session: AsyncSession, user_id: UUID, memory_id: UUID, text: str) -> bool:
    """Change an entry. False: there is none such of this person."""
    changed = await session.exec(
        update(Memory)
        .where(col(Memory.id) == memory_id, col(Memory.user_id) == user_id)
        .values(text=text)
    )
    return changed.rowcount > 0


async def delete_memory(session: AsyncSession, user_id: UUID, memory_id: UUID) -> bool:
    """Forget an entry. False: there is none such of this person."""
    gone = await session.exec(
        delete(Memory).where(col(Memory.id) == memory_id, col(Memory.user_id) == user_id)
    )
    return gone.rowcount > 0


async def delete_memories(session: AsyncSession, user_id: UUID) -> None:
    """Forget all entries of a person."""
    await session.exec(delete(Memory).where(col(Memory.user_id) == user_id))


async def writers(session: AsyncSession) -> Sequence[UUID]:
    """Who has written something, or has a memory that is on."""
    found = await session.exec(
        select(Persona.user_id).where(
            or_(col(Persona.about) != "", col(Persona.style) != "", col(Persona.remembers))
        )
    )
    return found.all()
