"""All SQL of the audit that reads. Nothing changes a note."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from chatapp.audit.models import AuditNote
from chatapp.database import rows_of

# Jumps from one action to the next in the index, however many notes there are.
_ACTIONS = text("""
    WITH RECURSIVE known(action) AS (
        SELECT min(action) FROM audit_notes
        UNION ALL
        SELECT (SELECT min(action) FROM audit_notes WHERE action > known.action)
        FROM known WHERE known.action IS NOT NULL
    )
    SELECT action FROM known WHERE action IS NOT NULL
""")


def notes(
    *,
    action: str = "",
    by: UUID | None = None,
    subjects: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
) -> SelectOfScalar[AuditNote]:
    """A query for notes that fit all that is given; one of a person's subjects, or by the person.

    Args:
        action: of this kind only.
        by: done by this person, or to one of ``subjects``.
        subjects: see ``by``.
        since: not before.
        until: before.
    """
    query = rows_of(AuditNote)
    if action:
        query = query.where(col(AuditNote.action) == action)
    if by is not None or subjects:
        query = query.where(or_(col(AuditNote.by) == by, col(AuditNote.subject).in_(subjects)))
    if since is not None:
        query = query.where(col(AuditNote.at) >= since)
    if until is not None:
        query = query.where(col(AuditNote.at) < until)
    return query


async def actions(session: AsyncSession) -> list[str]:
    """All kinds of things that have been noted, by name."""
    found = await session.exec(cast("Any", _ACTIONS))
    return [row[0] for row in found]


async def newest(session: AsyncSession, subject: str, limit: int) -> Sequence[AuditNote]:
    """The last notes about a subject, newest first."""
    query = select(AuditNote).where(col(AuditNote.subject) == subject)
    return (await session.exec(query.order_by(col(AuditNote.at).desc()).limit(limit))).all()
