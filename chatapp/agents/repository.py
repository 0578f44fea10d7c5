"""All SQL of agents. Every query names the person who asks: whose it is, or for whom."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, bindparam, delete, exists, func, true, update
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from chatapp.accounts.models import Group, Membership, Role, User, UserStatus
from chatapp.agents.models import Agent, AgentPicture
from chatapp.database import rows_of
from chatapp.statement import insert_rows, new_row

_WHO = bindparam("user_id", type_=Uuid())


def _visible() -> ColumnElement[bool]:
    """Those that a person may know of: one's own, those for everyone, those of one's groups."""
    groups = select(Membership.group_id).where(Membership.user_id == _WHO)
    return or_(
        col(Agent.owner_id) == _WHO,
        and_(
            col(Agent.owner_id).is_(None),
            or_(col(Agent.group_id).is_(None), col(Agent.group_id).in_(groups)),
        ),
    )


def _editable() -> ColumnElement[bool]:
    """Those that a person may change: one's own, and an admin the organisation's."""
    admin = exists().where(
        col(User.id) == _WHO,
        col(User.role) == Role.ADMIN.value,
        col(User.status) == UserStatus.ACTIVE.value,
    )
    return or_(col(Agent.owner_id) == _WHO, and_(col(Agent.owner_id).is_(None), admin))


async def agent(session: AsyncSession, user_id: UUID, agent_id: UUID) -> Agent | None:
    """An agent that a person may know of, switched off or not."""
    found = await session.exec(_agent(), params={"user_id": user_id, "agent_id": agent_id})
    return found.first()


# Every question in an agent's chat needs it, and it is dear to build.
@cache
def _agent() -> SelectOfScalar[Agent]:
    return rows_of(Agent).where(
        col(Agent.id) == bindparam("agent_id", type_=Uuid()),
        col(Agent.deleted_at).is_(None),
        _visible(),
    )


async def agents(session: AsyncSession, user_id: UUID) -> Sequence[Agent]:
    """All agents that a person may know of, one's own first, by name."""
    found = await session.exec(
        rows_of(Agent)
        .where(col(Agent.deleted_at).is_(None), _visible())
        .order_by(
            col(Agent.owner_id).is_(None),
            col(Agent.group_id).is_(None),
            func.lower(Agent.name),
            col(Agent.id),
        ),
        params={"user_id": user_id},
    )
    return found.all()


async def editable(session: AsyncSession, user_id: UUID, agent_id: UUID) -> Agent | None:
    """An agent that a person may change."""
    found = await session.exec(
        rows_of(Agent).where(
            col(Agent.id) == agent_id, col(Agent.deleted_at).is_(None), _editable()
        ),
        params={"user_id": user_id},
    )
    return found.first()


async def organisations(session: AsyncSession, user_id: UUID) -> Sequence[tuple[Agent, str | None]]:
    """All agents of the organisation for an admin, each with its group's name."""
    found = await session.exec(
        select(Agent, Group.name)
        .join(Group, col(Group.id) == col(Agent.group_id), isouter=True)
        .where(col(Agent.owner_id).is_(None), col(Agent.deleted_at).is_(None), _editable())
        .order_by(func.lower(Agent.name), col(Agent.id)),
        params={"user_id": user_id},
    )
    return found.all()


async def is_admin(session: AsyncSession, user_id: UUID) -> bool:
    """Whether a person runs the installation."""
    found = await session.exec(
        select(User.id).where(
            User.id == user_id, User.role == Role.ADMIN, User.status == UserStatus.ACTIVE
        )
    )
    return found.first() is not None


async def is_group(session: AsyncSession, group_id: UUID) -> bool:
    """Whether there is such a group."""
    return (await session.exec(select(Group.id).where(Group.id == group_id))).first() is not None


async def count(session: AsyncSession, user_id: UUID) -> int:
    """How many agents of one's own a person has."""
    found = await session.exec(
        select(func.count())
        .select_from(Agent)
        .where(col(Agent.owner_id) == user_id, col(Agent.deleted_at).is_(None))
    )
    return found.one()


async def change(
    session: AsyncSession,
    user_id: UUID,
    agent_id: UUID,
    values: dict[str, Any],
    seen: datetime | None = None,
) -> bool:
    """Change an agent. False: there is none that this person may change.

    With ``seen`` only one that was changed last in that moment.
    """
    as_seen = col(Agent.updated_at) == seen if seen else true()
    changed = await session.exec(
        update(Agent)
        .where(col(Agent.id) == agent_id, col(Agent.deleted_at).is_(None), as_seen, _editable())
        .values(**values)
        .execution_options(synchronize_session=False),
        params={"user_id": user_id},
    )
    return changed.rowcount > 0


async def set_deleted(
    session: AsyncSession, user_id: UUID, agent_id: UUID, moment: datetime | None
) -> bool:
    """Hide an agent, or bring it back with ``None``. False: nothing to change."""
    was = col(Agent.deleted_at).is_(None) if moment else col(Agent.deleted_at).is_not(None)
    changed = await session.exec(
        update(Agent)
        .where(col(Agent.id) == agent_id, was, _editable())
        .values(deleted_at=moment)
        .execution_options(synchronize_session=False),
        params={"user_id": user_id},
    )
    return changed.rowcount > 0


async def purge_deleted(session: AsyncSession, before: datetime) -> None:
    """Remove for good what anybody deleted before that moment."""
    await session.exec(delete(Agent).where(col(Agent.deleted_at) < before))


async def remove_all(session: AsyncSession, user_id: UUID) -> None:
    """Remove all agents of a person's own for good, with their pictures."""
    await session.exec(delete(AgentPicture).where(col(AgentPicture.owner_id) == user_id))
    await session.exec(delete(Agent).where(col(Agent.owner_id) == user_id))


async def own(session: AsyncSession, user_id: UUID) -> Sequence[Agent]:
    """A person's own agents, for a copy of what is theirs."""
    found = await session.exec(
        rows_of(Agent)
        .where(col(Agent.owner_id) == user_id, col(Agent.deleted_at).is_(None))
        .order_by(col(Agent.created_at))
    )
    return found.all()


async def picture(session: AsyncSession, user_id: UUID, picture_id: UUID) -> bytes | None:
    """A picture of an agent that a person may know of, or that the person has just uploaded."""
    shown = exists().where(
        col(Agent.id) == AgentPicture.agent_id,
        col(Agent.picture) == AgentPicture.id,
        col(Agent.deleted_at).is_(None),
        or_(_visible(), _editable()),
    )
    found = await session.exec(
        select(AgentPicture.data).where(
            col(AgentPicture.id) == picture_id, or_(col(AgentPicture.owner_id) == _WHO, shown)
        ),
        params={"user_id": user_id},
    )
    return found.first()


async def add_picture(session: AsyncSession, user_id: UUID, data: bytes) -> UUID:
    """Keep a picture for an agent that a person is about to save. Its id."""
    made = new_row(AgentPicture, owner_id=user_id, data=data)
    await insert_rows(session, made)
    return made.id


async def set_picture(
    session: AsyncSession, user_id: UUID, agent_id: UUID, picture_id: UUID | None
) -> bool:
    """Give an agent a picture that the person has uploaded, or none, and remove those before it.

    The caller has seen that the person may change the agent. False: there is no such picture.
    """
    if picture_id:
        taken = await session.exec(
            update(AgentPicture)
            .where(
                col(AgentPicture.id) == picture_id,
                or_(col(AgentPicture.owner_id) == user_id, col(AgentPicture.agent_id) == agent_id),
            )
            .values(agent_id=agent_id, owner_id=None)
            .execution_options(synchronize_session=False)
        )
        if not taken.rowcount:
            return False
    others = delete(AgentPicture).where(col(AgentPicture.agent_id) == agent_id)
    await session.exec(others.where(col(AgentPicture.id) != picture_id) if picture_id else others)
    return True


async def purge_pictures(session: AsyncSession, before: datetime) -> None:
    """Remove what was uploaded before that moment and no agent has."""
    await session.exec(
        delete(AgentPicture).where(
            col(AgentPicture.agent_id).is_(None), col(AgentPicture.created_at) < before
        )
    )


async def own_pictures(session: AsyncSession, user_id: UUID) -> Sequence[tuple[UUID, bytes]]:
    """The pictures of a person's own agents by their ids, for a copy of what is theirs."""
    found = await session.exec(
        select(AgentPicture.id, AgentPicture.data)
        .join(Agent, col(Agent.id) == AgentPicture.agent_id)
        .where(col(Agent.owner_id) == user_id, col(Agent.deleted_at).is_(None))
    )
    return found.all()
