"""What is asked of the audit."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from chatapp import audit
from chatapp.accounts.emails import normalise
from chatapp.accounts.models import User
from chatapp.audit import repository
from chatapp.audit.models import AuditNote

FILTERS = ("person", "action", "since", "until")
NOBODY = UUID(int=0)


async def notes(
    session: AsyncSession, filters: Mapping[str, str], zone: tzinfo
) -> SelectOfScalar[AuditNote]:
    """The query for the notes that fit.

    Args:
        session: to look people up in.
        filters: by the names of :data:`FILTERS`. A person is an id, or an e-mail of somebody or
            nobody; days are both among what is shown.
        zone: whose days they are.
    """
    by, subjects = None, []
    if person := filters.get("person"):
        by, subjects = await _person(session, person)
    last = _day(filters.get("until"), zone)
    return repository.notes(
        action=filters.get("action", ""),
        by=by,
        subjects=subjects,
        since=_day(filters.get("since"), zone),
        # By the wall clock: a day in which clocks are changed is as long as it is.
        until=last + timedelta(days=1) if last else None,
    )


async def _person(session: AsyncSession, text: str) -> tuple[UUID, list[str]]:
    """Whose notes are wanted: by whom and about whom, failed sign-ins among them."""
    try:
        which = col(User.id) == UUID(text)
    except ValueError:
        which = col(User.email) == _normal(text)
    user = (await session.exec(select(User).where(which))).first()
    email = user.email if user else _normal(text)
    subjects = [audit.account(email)]
    if user:
        subjects.append(audit.of_person(user.id))
    return user.id if user else NOBODY, subjects


def _normal(text: str) -> str:
    try:
        return normalise(text)
    except ValueError:
        return text


def _day(text: str | None, zone: tzinfo) -> datetime | None:
    """The midnight with which a day begins."""
    try:
        return datetime.fromisoformat(text[:10]).replace(tzinfo=zone) if text else None
    except ValueError:
        return None
