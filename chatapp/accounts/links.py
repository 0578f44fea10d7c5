"""One-time links: invitations, and new passwords. Made by admins, who see each link once.

Of a link's token only a hash is kept. It is used up in the transaction that does what the link is
for, so that it works once, whoever is quick. What became of an invitation stays for a while.
"""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp import audit
from chatapp.accounts import repository, revocation
from chatapp.accounts.identity import CurrentUser
from chatapp.accounts.models import LinkKind, Membership, OneTimeLink, Role, User, UserStatus
from chatapp.accounts.people import NotAllowed
from chatapp.database import now, reading, transaction

INVITATION_LASTS = timedelta(days=7)
RESET_LASTS = timedelta(hours=24)

REMEMBERED = timedelta(days=90)
"""How long invitations that are over can be seen by admins."""


async def invite(actor: CurrentUser | None, email: str = "", group_id: UUID | None = None) -> str:
    """Make an invitation; its token.

    Args:
        actor: the admin; None for the command line.
        email: the normalised address that alone may use it; empty: any.
        group_id: the group that who accepts it is put into.

    Raises:
        NotAllowed: the actor is no admin.
    """
    token = secrets.token_urlsafe(32)
    link = _link(LinkKind.INVITE, token, INVITATION_LASTS)
    link.email, link.group_id = email, group_id
    async with transaction() as session:
        by = actor.id if actor else None
        if by and not _runs_it(await repository.for_admin(session, by, by)):
            raise NotAllowed
        link.made_by = by
        session.add(link)
        after = {"group": group_id, "until": link.expires_at}
        subject = audit.account(email) if email else ""
        await audit.note(session, "person.invited", by=by, subject=subject, after=after)
    return token


async def withdraw(actor: CurrentUser, link_id: UUID) -> bool:
    """Let an invitation work no more. False: it worked no more before.

    Raises:
        NotAllowed: the actor is no admin.
    """
    async with transaction() as session:
        if not _runs_it(await repository.for_admin(session, actor.id, actor.id)):
            raise NotAllowed
        found = await session.exec(
            update(OneTimeLink)
            .where(col(OneTimeLink.id) == link_id, _open(LinkKind.INVITE))
            .values(withdrawn_at=now(), withdrawn_by=actor.id)
            .returning(
                col(OneTimeLink.email), col(OneTimeLink.group_id), col(OneTimeLink.expires_at)
            )
        )
        if (row := found.first()) is None:
            return False
        email, group_id, until = row
        await audit.note(
            session,
            "person.invitation-withdrawn",
            by=actor.id,
            subject=audit.account(email) if email else "",
            before={"group": group_id, "until": until},
        )
    return True


async def reset(actor: CurrentUser | None, user_id: UUID) -> str:
    """Make a link by which a person chooses a new password, in place of earlier ones; its token.

    Raises:
        NotAllowed: the actor is no admin, or there is no such person.
    """
    token = secrets.token_urlsafe(32)
    link = _link(LinkKind.RESET, token, RESET_LASTS)
    link.user_id = user_id
    async with transaction() as session:
        by = actor.id if actor else None
        if await repository.for_admin(session, by, user_id) is None:
            raise NotAllowed
        await session.exec(delete(OneTimeLink).where(col(OneTimeLink.user_id) == user_id))
        session.add(link)
        who, after = audit.of_person(user_id), {"until": link.expires_at}
        await audit.note(session, "person.password-link-made", by=by, subject=who, after=after)
    return token


async def is_invited(token: str, email: str | None = None) -> bool:
    """Whether an invitation still works, for an address if one is given."""
    async with reading() as session:
        found = (
            await session.exec(select(OneTimeLink).where(_works(LinkKind.INVITE, token)))
        ).first()
    return found is not None and (email is None or found.email in ("", email))


async def accept(session: AsyncSession, token: str, user: User) -> bool:
    """Use an invitation for a person who is being made. False: it works no more."""
    used = await session.exec(
        update(OneTimeLink)
        .where(_works(LinkKind.INVITE, token), col(OneTimeLink.email).in_(("", user.email)))
        .values(used_at=now(), used_by=user.id)
        .returning(col(OneTimeLink.group_id))
    )
    if (row := used.first()) is None:
        return False
    if row[0]:
        session.add(Membership(user_id=user.id, group_id=row[0]))
        await session.flush()
    return True


async def whose_reset(token: str) -> UUID | None:
    """Whose password a link is for, if it still works."""
    async with reading() as session:
        query = select(OneTimeLink.user_id).where(_works(LinkKind.RESET, token))
        return (await session.exec(query)).first()


async def use_reset(token: str, password_hash: str) -> bool:
    """Write a password by a link; all sessions of its person end. False: it works no more."""
    async with transaction() as session:
        used = await session.exec(
            delete(OneTimeLink)
            .where(_works(LinkKind.RESET, token))
            .returning(col(OneTimeLink.user_id))
        )
        user_id = row[0] if (row := used.first()) else None
        if user_id is None:
            return False
        await repository.set_password(session, user_id, password_hash)
        ended = await repository.end_sessions(session, repository.of_user(user_id))
        who = audit.of_person(user_id)
        await audit.note(session, "person.password-reset", by=user_id, subject=who)
    await revocation.publish(ended)
    return True


async def purge() -> None:
    """Remove links that have had their time; invitations can be seen for a while longer."""
    moment = now()
    ended = col(OneTimeLink.expires_at)
    reset = col(OneTimeLink.kind) == LinkKind.RESET.value
    async with transaction() as session:
        await session.exec(
            delete(OneTimeLink).where(or_(reset & (ended <= moment), ended <= moment - REMEMBERED))
        )


def _link(kind: LinkKind, token: str, lasts: timedelta) -> OneTimeLink:
    return OneTimeLink(kind=kind, token_hash=_hash(token), expires_at=now() + lasts)


def _works(kind: LinkKind, token: str) -> ColumnElement[bool]:
    return _open(kind) & (col(OneTimeLink.token_hash) == _hash(token))


def _open(kind: LinkKind) -> ColumnElement[bool]:
    return (
        (col(OneTimeLink.kind) == kind.value)
        & col(OneTimeLink.used_at).is_(None)
        & col(OneTimeLink.withdrawn_at).is_(None)
        & (col(OneTimeLink.expires_at) > now())
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _runs_it(user: User | None) -> bool:
    return user is not None and (user.role, user.status) == (Role.ADMIN, UserStatus.ACTIVE)
