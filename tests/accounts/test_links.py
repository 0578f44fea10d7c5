"""Invitations and new passwords by links that work once and not for long."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlmodel import select

from chatapp.accounts import groups, links, service, sessions
from chatapp.accounts.models import LinkKind, Membership, OneTimeLink, Role, UserStatus
from chatapp.accounts.people import NotAllowed
from chatapp.accounts.problems import Problem, Refused
from chatapp.accounts.sessions import SignedIn, Visit
from chatapp.audit.models import AuditNote
from chatapp.database import reading
from chatapp.settings import Settings
from tests.accounts.conftest import PASSWORD

NEW = "another good one"


async def join(email: str, invite: str) -> SignedIn:
    return await service.sign_up(email, PASSWORD, "", Visit(), invite=invite)


async def refused(email: str, invite: str) -> Problem:
    with pytest.raises(Refused) as found:
        await join(email, invite)
    return found.value.problem


async def test_an_invitation_opens_every_mode_once(
    admin: SignedIn, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = await groups.create("Staff")
    for mode in ("closed", "approval"):
        monkeypatch.setattr(home, "signup", mode)
        token = await links.invite(admin.user, group_id=staff.id)
        assert await links.is_invited(token)
        joined = await join(f"{mode}@example.org", token)
        user = await service._user(joined.user.email)
        assert user
        assert (user.role, user.status) == (Role.MEMBER, UserStatus.ACTIVE)
        async with reading() as session:
            query = select(Membership.group_id).where(Membership.user_id == user.id)
            assert (await session.exec(query)).all() == [staff.id]
        assert not await links.is_invited(token)
        assert await refused(f"second-{mode}@example.org", token) == Problem.LINK
    assert await refused("third@example.org", "invented") == Problem.LINK
    assert await refused("fourth@example.org", "") == Problem.PENDING


async def test_of_many_at_once_one_comes_in(
    admin: SignedIn, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "signup", "closed")
    token = await links.invite(admin.user)
    done = await asyncio.gather(
        *(join(f"many{number}@example.org", token) for number in range(5)), return_exceptions=True
    )
    assert sum(isinstance(each, SignedIn) for each in done) == 1


async def test_one_for_an_address_is_for_nobody_else(
    admin: SignedIn, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "signup", "closed")
    token = await links.invite(admin.user, "wanted@example.org")
    assert await refused("other@example.org", token) == Problem.LINK
    assert await join("Wanted@Example.org", token)


async def test_only_admins_make_links(admin: SignedIn, member: SignedIn) -> None:
    with pytest.raises(NotAllowed):
        await links.invite(member.user)
    with pytest.raises(NotAllowed):
        await links.reset(member.user, admin.user.id)
    async with reading() as session:
        assert (await session.exec(select(OneTimeLink))).all() == []


async def test_a_new_password_by_a_link_ends_all_sessions(
    admin: SignedIn, member: SignedIn
) -> None:
    earlier = await links.reset(admin.user, member.user.id)
    token = await links.reset(admin.user, member.user.id)
    assert await links.whose_reset(earlier) is None
    for wrong, password, problem in (
        (earlier, NEW, Problem.LINK),
        ("invented", NEW, Problem.LINK),
        (token, "short", Problem.SHORT),
    ):
        with pytest.raises(Refused) as found:
            await service.reset_password(wrong, password, Visit())
        assert found.value.problem == problem
    assert await sessions.session_by_token(member.token)
    await service.reset_password(token, NEW, Visit())
    assert await sessions.session_by_token(member.token) is None
    assert await sessions.session_by_token(admin.token)
    assert await service.sign_in(member.user.email, NEW, Visit())
    with pytest.raises(Refused):
        await service.sign_in(member.user.email, PASSWORD, Visit())
    with pytest.raises(Refused):
        await service.reset_password(token, "yet another one", Visit())


async def test_links_that_are_too_old_do_nothing(
    admin: SignedIn, member: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "RESET_LASTS", timedelta(seconds=-1))
    monkeypatch.setattr(links, "INVITATION_LASTS", timedelta(seconds=-1))
    reset = await links.reset(admin.user, member.user.id)
    invite = await links.invite(admin.user)
    with pytest.raises(Refused):
        await service.reset_password(reset, NEW, Visit())
    assert await refused("late@example.org", invite) == Problem.LINK
    await links.purge()
    async with reading() as session:
        (kept,) = (await session.exec(select(OneTimeLink))).all()
    # What became of an invitation can be seen for a while.
    assert kept.kind == LinkKind.INVITE
    assert not await links.withdraw(admin.user, kept.id)
    monkeypatch.setattr(links, "REMEMBERED", timedelta())
    await links.purge()
    async with reading() as session:
        assert (await session.exec(select(OneTimeLink))).all() == []


async def test_an_invitation_that_is_withdrawn_opens_nothing_and_stays_in_sight(
    admin: SignedIn, member: SignedIn
) -> None:
    token = await links.invite(admin.user, "wanted@example.org")
    async with reading() as session:
        (made,) = (await session.exec(select(OneTimeLink))).all()
    assert made.made_by == admin.user.id
    with pytest.raises(NotAllowed):
        await links.withdraw(member.user, made.id)
    assert await links.is_invited(token)
    assert await links.withdraw(admin.user, made.id)
    assert not await links.is_invited(token)
    assert await refused("wanted@example.org", token) == Problem.LINK
    assert not await links.withdraw(admin.user, made.id)
    async with reading() as session:
        (kept,) = (await session.exec(select(OneTimeLink))).all()
        query = select(AuditNote).where(AuditNote.action == "person.invitation-withdrawn")
        (note,) = (await session.exec(query)).all()
    assert kept.withdrawn_by == note.by == admin.user.id
    # One that was used cannot be withdrawn, and says who came.
    token = await links.invite(admin.user)
    joined = await join("comer@example.org", token)
    async with reading() as session:
        query = select(OneTimeLink).where(OneTimeLink.used_by == joined.user.id)
        (used,) = (await session.exec(query)).all()
    assert not await links.withdraw(admin.user, used.id)


async def test_the_database_has_no_token(admin: SignedIn, member: SignedIn) -> None:
    tokens = [await links.invite(admin.user), await links.reset(admin.user, member.user.id)]
    async with reading() as session:
        kept = str((await session.exec(select(OneTimeLink))).all())
    assert not [token for token in tokens if token in kept]


async def test_the_forms_keep_their_link_after_a_failure(
    web: httpx.AsyncClient, admin: SignedIn, member: SignedIn
) -> None:
    token = await links.reset(admin.user, member.user.id)
    failed = await web.post("/auth/reset", data={"link": token, "new_password": "short"})
    assert (failed.status_code, failed.headers["location"]) == (303, f"/reset?link={token}")
    done = await web.post("/auth/reset", data={"link": token, "new_password": NEW})
    assert (done.status_code, done.headers["location"]) == (303, "/login")
    invite = await links.invite(admin.user)
    data = {"invite": invite, "email": "no address", "password": PASSWORD}
    failed = await web.post("/auth/sign-up", data=data)
    assert failed.headers["location"] == f"/signup?invite={invite}"
    assert (await web.post("/auth/sign-up", data={**data, "email": "new@example.org"})).is_redirect
    assert "chatapp_session" in web.cookies
