"""What admins do with accounts: approve, switch off and on, give and take the admin's role.

Without an actor it is done on the command line.
"""

from enum import StrEnum
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp import audit
from chatapp.accounts import repository, revocation
from chatapp.accounts.identity import CurrentUser
from chatapp.accounts.models import Role, User, UserStatus
from chatapp.database import now, transaction


class NotAllowed(Exception):
    """Only admins change accounts, and nobody changes one that does not exist."""


class LastAdmin(Exception):
    """The change would leave the installation without an active admin."""


async def set_status(actor: CurrentUser | None, user_id: UUID, status: UserStatus) -> User:
    """Let a person in, or no longer; whoever may no longer come in is signed out everywhere.

    Raises:
        NotAllowed: the actor is no admin, or there is no such person.
        LastAdmin: nobody could run the installation afterwards.
    """
    ended: list[UUID] = []
    async with transaction() as session:
        user = await repository.for_admin(session, _id(actor), user_id)
        if user is None:
            raise NotAllowed
        if status != UserStatus.ACTIVE:
            if user.role == Role.ADMIN and not await repository.other_admins(session, user_id):
                raise LastAdmin
            ended = await repository.end_sessions(session, repository.of_user(user_id))
        await _note(session, actor, user, status=status)
        user.status = status
        session.add(user)
    await revocation.publish(ended)
    return user


async def set_role(actor: CurrentUser | None, user_id: UUID, role: Role) -> User:
    """Make a person an admin, or a member again; it counts from their next event on.

    Raises:
        NotAllowed: the actor is no admin, or there is no such person.
        LastAdmin: nobody could run the installation afterwards.
    """
    async with transaction() as session:
        user = await repository.for_admin(session, _id(actor), user_id)
        if user is None:
            raise NotAllowed
        if role != Role.ADMIN and not await repository.other_admins(session, user_id):
            raise LastAdmin
        await _note(session, actor, user, role=role)
        user.role = role
        session.add(user)
    return user


async def offer_export(actor: CurrentUser | None, user_id: UUID) -> User:
    """Have a person offered a copy of all that is theirs. Nobody else gets to see it.

    Raises:
        NotAllowed: the actor is no admin, or there is no such person.
    """
    async with transaction() as session:
        user = await repository.for_admin(session, _id(actor), user_id)
        if user is None:
            raise NotAllowed
        user.export_offered_at = now()
        session.add(user)
        who = audit.of_person(user_id)
        await audit.note(session, "person.export-offered", by=_id(actor), subject=who)
    return user


def _id(actor: CurrentUser | None) -> UUID | None:
    return actor.id if actor else None


async def _note(
    session: AsyncSession, actor: CurrentUser | None, user: User, **change: StrEnum
) -> None:
    [name] = change
    before = {name: getattr(user, name)}
    who = audit.of_person(user.id)
    await audit.note(
        session, f"person.{name}", by=_id(actor), subject=who, before=before, after=change
    )
