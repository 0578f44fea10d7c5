"""The end of an account: everything that is a person's is removed, from everywhere."""

import asyncio
from uuid import UUID

from chatapp import audit
from chatapp.accounts import groups, own_keys, repository, revocation
from chatapp.accounts.identity import CurrentUser
from chatapp.accounts.models import Role, UserStatus
from chatapp.accounts.people import LastAdmin, NotAllowed
from chatapp.agents import belongings
from chatapp.answers import kept
from chatapp.answers.service import stop_all
from chatapp.database import transaction
from chatapp.personal import repository as personal

PATIENCE = 600.0
"""How long, in seconds, the removal may take: somebody may have written a great deal."""

STOPPING = 3.0
"""How long, in seconds, answers that come have for stopping; what they write later is refused."""


async def erase(actor: CurrentUser | None, user_id: UUID) -> None:
    """Remove a person and all that is theirs. It cannot be undone.

    First nobody can sign in any more and nothing is answered, then what was kept elsewhere is
    forgotten, then all rows go at once. Cut short in between, it can be done again.

    Args:
        actor: the person, or an admin; None for the command line.
        user_id: whom.

    Raises:
        NotAllowed: the actor is neither the person nor an admin, or there is no such person.
        LastAdmin: nobody could run the installation afterwards.
    """
    await _close(actor, user_id)
    for _ in range(int(STOPPING / 0.2)):
        if not await stop_all(user_id):
            break
        await asyncio.sleep(0.2)
    await kept.forget(user_id)
    async with transaction(PATIENCE) as session:
        by = actor.id if actor else None
        await audit.note(session, "person.erased", by=by, subject=audit.of_person(user_id))
        await belongings.forget(session, user_id)
        await personal.erase(session, user_id)
    await own_keys.changed()
    await groups.changed()


async def _close(actor: CurrentUser | None, user_id: UUID) -> None:
    """Let nobody in any more, and hold that against all that happens at the same time."""
    own = actor is not None and actor.id == user_id
    async with transaction() as session:
        by = None if own or actor is None else actor.id
        user = await repository.for_admin(session, by, user_id)
        if user is None:
            raise NotAllowed
        if user.role == Role.ADMIN and not await repository.other_admins(session, user_id):
            raise LastAdmin
        user.status = UserStatus.DISABLED
        session.add(user)
        ended = await repository.end_sessions(session, repository.of_user(user_id))
    await revocation.publish(ended)
