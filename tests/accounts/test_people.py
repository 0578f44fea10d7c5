import asyncio
from uuid import uuid4

import pytest

from chatapp.accounts import people, service, sessions
from chatapp.accounts.models import Role, UserStatus
from chatapp.accounts.people import LastAdmin, NotAllowed
from chatapp.accounts.problems import Refused
from chatapp.accounts.sessions import SignedIn, Visit
from chatapp.settings import Settings
from tests.accounts.conftest import PASSWORD


async def test_approving(admin: SignedIn, home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "signup", "approval")
    with pytest.raises(Refused):
        await service.sign_up("new@example.org", PASSWORD, "", Visit())
    new = await service._user("new@example.org")
    assert new
    await people.set_status(admin.user, new.id, UserStatus.ACTIVE)
    assert await service.sign_in("new@example.org", PASSWORD, Visit())


async def test_switching_off_ends_the_sessions(admin: SignedIn, member: SignedIn) -> None:
    await people.set_status(admin.user, member.user.id, UserStatus.DISABLED)
    await people.set_status(admin.user, member.user.id, UserStatus.ACTIVE)
    assert await sessions.session_by_token(member.token) is None
    assert await sessions.session_by_token(admin.token)


async def test_only_admins_change_accounts(admin: SignedIn, member: SignedIn) -> None:
    for actor, target in ((member.user, admin.user.id), (admin.user, uuid4())):
        with pytest.raises(NotAllowed):
            await people.set_status(actor, target, UserStatus.DISABLED)
        with pytest.raises(NotAllowed):
            await people.set_role(actor, target, Role.MEMBER)
    assert await sessions.session_by_token(admin.token)


async def test_what_the_actor_was_does_not_count(admin: SignedIn, member: SignedIn) -> None:
    await people.set_role(admin.user, member.user.id, Role.ADMIN)
    await people.set_role(member.user, admin.user.id, Role.MEMBER)
    with pytest.raises(NotAllowed):
        await people.set_role(admin.user, member.user.id, Role.MEMBER)


async def test_the_last_admin_stays(admin: SignedIn, member: SignedIn) -> None:
    with pytest.raises(LastAdmin):
        await people.set_role(admin.user, admin.user.id, Role.MEMBER)
    with pytest.raises(LastAdmin):
        await people.set_status(admin.user, admin.user.id, UserStatus.DISABLED)
    await people.set_role(admin.user, member.user.id, Role.ADMIN)
    done = await asyncio.gather(
        people.set_role(admin.user, admin.user.id, Role.MEMBER),
        people.set_role(member.user, member.user.id, Role.MEMBER),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Exception) for one in done) == 1
