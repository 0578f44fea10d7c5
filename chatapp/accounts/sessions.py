"""Sessions: a browser that is signed in, from the cookie's token to the person."""

import asyncio
import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp import audit
from chatapp.accounts import repository, revocation
from chatapp.accounts.identity import CurrentUser
from chatapp.accounts.models import LoginSession, Role, User
from chatapp.accounts.sockets import sockets
from chatapp.database import now, reading, transaction
from chatapp.settings import settings
from chatapp.zones import zone_named

PURGE_PATIENCE = 600.0
"""How long, in seconds, clearing away may take."""

TOUCH_EVERY = timedelta(hours=1)
"""How often, at most, the use of a session is written down."""

MOST = 100
"""The most sessions of one person; the oldest end first."""

OPENING = 1.0
"""So long, in seconds, what a page does by itself as it opens rests on the look at its cookie."""

_opened: dict[UUID, CurrentUser] = {}
"""Whose sessions were looked up for a page that is opening now."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a request comes from."""

    address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session and the secret that only its cookie holds."""

    user: CurrentUser
    token: str


@dataclass(frozen=True, slots=True)
class Found:
    """The person of a session; ``renewed`` when its end was just moved, so its cookie's should."""

    user: CurrentUser
    renewed: bool


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _lasts_until(moment: datetime) -> datetime:
    return moment + timedelta(days=settings().session_days)


def _clean(text: str, length: int) -> str:
    """Text of a header, fit for the database and cut to a length."""
    return "".join(char for char in text if unicodedata.category(char)[0] != "C")[:length]


async def begin(
    user: User,
    visit: Visit,
    *,
    replaces: str | None = None,
    new_hash: str | None = None,
    end_others: bool = False,
    action: str = "person.signed-in",
) -> SignedIn | None:
    """Begin a session in one transaction, unless the account changed since it was looked at.

    Args:
        user: as it was when the password was checked.
        visit: where the person is.
        replaces: the token of a session of this browser, which ends.
        new_hash: a password hash to write.
        end_others: whether all other sessions of the person end.
        action: what the audit calls it.

    Returns:
        The session, or None when password or status are no longer those of ``user``.
    """
    token = secrets.token_urlsafe(32)
    moment = now()
    made = LoginSession(
        user_id=user.id,
        token_hash=_token_hash(token),
        created_at=moment,
        last_seen_at=moment,
        expires_at=_lasts_until(moment),
        user_agent=_clean(visit.user_agent, 200),
        address=_clean(visit.address, 45),
    )
    ended: list[UUID] = []
    async with transaction() as session:
        if not await repository.hold_user(session, user.id, user.password_hash):
            return None
        if new_hash:
            await repository.set_password(session, user.id, new_hash)
        if replaces:
            ended += await repository.end_sessions(
                session, repository.with_token(_token_hash(replaces))
            )
        mine = repository.of_user(user.id)
        which = mine if end_others else mine & repository.expired(moment)
        ended += await repository.end_sessions(session, which)
        ended += await repository.end_sessions(session, repository.beyond_newest(user.id, MOST - 1))
        session.add(made)
        await _note(session, action, user.id)
    await revocation.publish(ended)
    return SignedIn(CurrentUser(user.id, user.email, user.name, Role(user.role), made.id), token)


async def sign_out(session_id: UUID) -> None:
    """End one session."""
    async with transaction() as session:
        ended = await repository.end_sessions(session, repository.with_id(session_id))
    await revocation.publish(ended)


async def sign_out_token(token: str) -> None:
    """End the session of a cookie's token."""
    async with transaction() as session:
        ended = await repository.end_sessions(session, repository.with_token(_token_hash(token)))
    await revocation.publish(ended)


async def sign_out_everywhere(user_id: UUID) -> None:
    """End all sessions of a person."""
    async with transaction() as session:
        ended = await repository.end_sessions(session, repository.of_user(user_id))
        await _note(session, "person.signed-out-everywhere", user_id)
    await revocation.publish(ended)


async def _note(session: AsyncSession, action: str, user_id: UUID) -> None:
    await audit.note(session, action, by=user_id, subject=audit.of_person(user_id))


async def session_by_token(token: str) -> Found | None:
    """Whose session a cookie's token is, if it is valid; using it moves its end."""
    found = await _find(token_hash=_token_hash(token))
    if found:
        session_id = found.user.session_id
        _opened[session_id] = found.user
        asyncio.get_running_loop().call_later(OPENING, _opened.pop, session_id, None)
    return found


async def session_by_id(session_id: UUID, *, opening: bool = False) -> CurrentUser | None:
    """Whose session this is, if it is valid; using it moves its end.

    Args:
        session_id: the session.
        opening: whether a page asks by itself, for which the look at its cookie just now counts.
    """
    if opening and (user := _opened.get(session_id)) and not sockets.has_ended(session_id):
        return user
    found = await _find(session_id=session_id)
    return found.user if found else None


async def keep_zone(user: CurrentUser, zone: str) -> None:
    """Note the time zone of a person's browser, if it is another one than it was."""
    if zone and zone != user.zone and zone_named(zone):
        async with transaction() as session:
            await repository.set_zone(session, user.id, zone)


async def zone_of(user_id: UUID) -> str:
    """The time zone that a person's browser said last; empty: none yet."""
    async with reading() as session:
        return await repository.zone_of(session, user_id)


async def _find(*, session_id: UUID | None = None, token_hash: str = "") -> Found | None:
    moment = now()
    async with reading() as session:
        found = await repository.user_of_session(
            session, moment, session_id=session_id, token_hash=token_hash
        )
    if found is None:
        return None
    user, seen = found
    if seen > moment - TOUCH_EVERY:
        return Found(user, renewed=False)
    async with transaction() as session:
        await repository.touch(
            session, user.session_id, moment - TOUCH_EVERY, moment, _lasts_until(moment)
        )
    return Found(user, renewed=True)


async def purge() -> None:
    """Remove the sessions of everybody that are over."""
    async with transaction(PURGE_PATIENCE) as session:
        await repository.end_sessions(session, repository.expired(now()))
