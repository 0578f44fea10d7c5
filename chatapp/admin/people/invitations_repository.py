"""What admins look up about invitations. Nothing here reads what opens an account."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from chatapp.accounts.models import Group, LinkKind, OneTimeLink, User
from chatapp.database import rows_of

SORTS: Mapping[str, Any] = {"made": col(OneTimeLink.id)}
"""What invitations can be sorted by. An id begins with the time at which it was made."""


def invitations(state: str, moment: datetime) -> SelectOfScalar[OneTimeLink]:
    """The invitations.

    Args:
        state: only those that are ``open``, ``used``, ``withdrawn`` or ``over``.
        moment: when that is asked.
    """
    query = rows_of(OneTimeLink).where(col(OneTimeLink.kind) == LinkKind.INVITE.value)
    used, withdrawn = col(OneTimeLink.used_at), col(OneTimeLink.withdrawn_at)
    unused = used.is_(None) & withdrawn.is_(None)
    which = {
        "open": unused & (col(OneTimeLink.expires_at) > moment),
        "used": used.is_not(None),
        "withdrawn": withdrawn.is_not(None),
        "over": unused & (col(OneTimeLink.expires_at) <= moment),
    }
    return query.where(which[state]) if state in which else query


async def names(session: AsyncSession, links: Sequence[OneTimeLink]) -> dict[UUID, str]:
    """The names of the people and groups of invitations who are still there."""
    people = {each for link in links for each in (link.made_by, link.used_by, link.withdrawn_by)}
    found: dict[UUID, str] = {}
    if people - {None}:
        query = select(User.id, User.email).where(col(User.id).in_(people - {None}))
        found |= dict((await session.exec(query)).all())
    if of_groups := {link.group_id for link in links if link.group_id}:
        query = select(Group.id, Group.name).where(col(Group.id).in_(of_groups))
        found |= dict((await session.exec(query)).all())
    return found
