"""All SQL of accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    update,
)
from sqlalchemy import select as columns
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.accounts.identity import CurrentUser
from chatapp.accounts.models import LoginSession, Role, User, UserStatus
from chatapp.database import core
from chatapp.statement import Statement

_FOUNDING = 0x63686174
"""The number of the advisory lock under which the first account is made."""


async def add_user(session: AsyncSession, user: User, *, closed: bool) -> User | None:
    """Insert a user; the first of all becomes an active admin, exactly one at that.

    Args:
        session: an open transaction.
        user: what to insert; role and status hold for everyone but the first.
        closed: only the first account may be made.

    Returns:
        The user as inserted, or None when sign-up is closed.

    Raises:
        IntegrityError: the e-mail is taken.
    """
    nobody = ~exists(select(literal(1)).select_from(User))
    if session.get_bind().dialect.name == "postgresql" and not await anyone(session):
        # SQLite has one writer at a time; here two could both find the table empty.
        await session.exec(select(func.pg_advisory_xact_lock(_FOUNDING)))
    table = User.__table__  # pyright: ignore[reportAttributeAccessIssue]
    values = {
        "id": literal(user.id, table.c.id.type),
        "email": literal(user.email),
        "name": literal(user.name),
        "password_hash": literal(user.password_hash),
        "role": case((nobody, literal(Role.ADMIN.value)), else_=literal(str(user.role))),
        "status": case((nobody, literal(UserStatus.ACTIVE.value)), else_=literal(str(user.status))),
        "created_at": literal(user.created_at, table.c.created_at.type),
    }
    row = select(*values.values())
    if closed:
        row = row.where(nobody)
    await session.exec(insert(table).from_select(list(values), row))
    return await user_by_id(session, user.id)


async def anyone(session: AsyncSession) -> bool:
    """Whether there is any account."""
    return bool(await session.scalar(select(exists(select(literal(1)).select_from(User)))))


async def user_by_email(session: AsyncSession, email: str) -> User | None:
    """The user with a normalised e-mail."""
    found = await session.exec(select(User).where(User.email == email))
    return found.first()


async def user_by_id(session: AsyncSession, user_id: UUID) -> User | None:
    """The user with an id."""
    found = await session.exec(select(User).where(User.id == user_id))
    return found.first()


async def hold_user(session: AsyncSession, user_id: UUID, password_hash: str) -> bool:
    """Hold an active user for this transaction, if the password checked is still theirs.

    A session made or a password changed under this hold cannot cross a password change, a
    disabling or a sign-out everywhere that happens at the same time.
    """
    held = await session.exec(
        update(User)
        .where(
            col(User.id) == user_id,
            col(User.password_hash) == password_hash,
            col(User.status) == UserStatus.ACTIVE.value,
        )
        .values(status=UserStatus.ACTIVE.value)
        .returning(col(User.id))
    )
    return held.first() is not None


async def set_password(session: AsyncSession, user_id: UUID, password_hash: str) -> None:
    """Write the hash of a password."""
    await session.exec(
        update(User).where(col(User.id) == user_id).values(password_hash=password_hash)
    )


async def user_of_session(
    session: AsyncSession, at: datetime, *, session_id: UUID | None = None, token_hash: str = ""
) -> tuple[CurrentUser, datetime] | None:
    """The active user of a session that has not expired, and when the session was last seen."""
    which = _BY_ID if session_id is not None else _BY_TOKEN
    values = {"which": session_id or token_hash, "at": at, "status": UserStatus.ACTIVE.value}
    if (row := await which.first(session, **values)) is None:
        return None
    user_id, email, name, role, zone, own_id, last_seen_at = row
    return CurrentUser(user_id, email, name, Role(role), own_id, zone), last_seen_at


def _of_session(which: str) -> Executable:
    people, sessions = core(User), core(LoginSession)
    person = [people.c[name] for name in ("id", "email", "name", "role", "zone")]
    return (
        columns(*person, sessions.c.id.label("session_id"), sessions.c.last_seen_at)
        .join(sessions, sessions.c.user_id == people.c.id)
        .where(
            sessions.c[which] == bindparam("which"),
            sessions.c.expires_at > bindparam("at"),
            people.c.status == bindparam("status"),
        )
    )


_BY_ID: Statement[Any] = Statement(lambda: _of_session("id"))
_BY_TOKEN: Statement[Any] = Statement(lambda: _of_session("token_hash"))


async def set_zone(session: AsyncSession, user_id: UUID, zone: str) -> None:
    """Note the time zone of a person's browser."""
    await session.exec(
        update(User).where(col(User.id) == user_id, col(User.zone) != zone).values(zone=zone)
    )


async def zone_of(session: AsyncSession, user_id: UUID) -> str:
    """The time zone that a person's browser said last; empty: none yet."""
    found = await session.exec(select(User.zone).where(User.id == user_id))
    return found.first() or ""


async def touch(
    session: AsyncSession, session_id: UUID, before: datetime, at: datetime, until: datetime
) -> bool:
    """Note that a session was used, unless another process has done so since ``before``."""
    touched = await session.exec(
        update(LoginSession)
        .where(col(LoginSession.id) == session_id, col(LoginSession.last_seen_at) < before)
        .values(last_seen_at=at, expires_at=until)
        .returning(col(LoginSession.id))
    )
    return touched.first() is not None


async def end_sessions(session: AsyncSession, *which: ColumnElement[bool]) -> list[UUID]:
    """Delete the sessions that fit all conditions, and say which."""
    ended = await session.exec(delete(LoginSession).where(*which).returning(col(LoginSession.id)))
    return list(ended.scalars())


def of_user(user_id: UUID) -> ColumnElement[bool]:
    """Condition: the sessions of one person."""
    return col(LoginSession.user_id) == user_id


def with_id(session_id: UUID) -> ColumnElement[bool]:
    """Condition: one session."""
    return col(LoginSession.id) == session_id


def with_token(token_hash: str) -> ColumnElement[bool]:
    """Condition: the session of one token."""
    return col(LoginSession.token_hash) == token_hash


def expired(at: datetime) -> ColumnElement[bool]:
    """Condition: sessions that are over."""
    return col(LoginSession.expires_at) <= at


def beyond_newest(user_id: UUID, count: int) -> ColumnElement[bool]:
    """Condition: the sessions of one person except the ``count`` newest."""
    newest = (
        select(col(LoginSession.id))
        .where(col(LoginSession.user_id) == user_id)
        .order_by(col(LoginSession.created_at).desc(), col(LoginSession.id).desc())
        .limit(count)
    )
    return of_user(user_id) & col(LoginSession.id).not_in(newest)


async def living(session: AsyncSession, ids: Sequence[UUID], at: datetime) -> set[UUID]:
    """Which of these sessions are still valid."""
    found = await session.exec(
        select(col(LoginSession.id))
        .join(User, col(LoginSession.user_id) == col(User.id))
        .where(
            col(LoginSession.id).in_(ids),
            col(LoginSession.expires_at) > at,
            col(User.status) == UserStatus.ACTIVE.value,
        )
    )
    return set(found.all())


async def for_admin(session: AsyncSession, actor_id: UUID | None, user_id: UUID) -> User | None:
    """The person whom an admin is about to change; None when the actor is no active admin.

    Without an actor it is the command line, which may.

    Holds all admins for this transaction, so that two changes cannot remove the last two.
    """
    admins = await session.exec(
        update(User)
        .where(col(User.role) == Role.ADMIN.value)
        .values(role=Role.ADMIN.value)
        .returning(col(User.id), col(User.status))
    )
    active = {row[0] for row in admins if str(row[1]) == UserStatus.ACTIVE}
    if actor_id is not None and actor_id not in active:
        return None
    return await user_by_id(session, user_id)


async def other_admins(session: AsyncSession, user_id: UUID) -> int:
    """How many active admins there are besides one person."""
    counted = await session.scalar(
        select(func.count())
        .select_from(User)
        .where(
            col(User.role) == Role.ADMIN.value,
            col(User.status) == UserStatus.ACTIVE.value,
            col(User.id) != user_id,
        )
    )
    return counted or 0
