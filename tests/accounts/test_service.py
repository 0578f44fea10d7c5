import asyncio
from datetime import timedelta

import pytest
from argon2 import PasswordHasher, Type
from sqlalchemy import update
from sqlmodel import select

from chatapp.accounts import passwords, repository, service, sessions
from chatapp.accounts.models import LoginSession, Role, User, UserStatus
from chatapp.accounts.problems import Problem, Refused
from chatapp.accounts.sessions import SignedIn, Visit
from chatapp.database import now, reading, transaction
from chatapp.settings import Settings
from tests.accounts.conftest import PASSWORD

HERE = Visit("192.0.2.7", "Firefox")


async def users() -> list[User]:
    async with reading() as session:
        return list(await session.exec(select(User)))


async def rows() -> list[LoginSession]:
    async with reading() as session:
        return list(await session.exec(select(LoginSession)))


async def set_status(email: str, status: UserStatus) -> None:
    async with transaction() as session:
        user = await repository.user_by_email(session, email)
        assert user
        user.status = status
        session.add(user)


async def refusal(coroutine) -> Problem:
    with pytest.raises(Refused) as caught:
        await coroutine
    return caught.value.problem


async def test_the_first_account_is_the_only_admin_of_many_at_once(home: Settings) -> None:
    made = await asyncio.gather(
        *(service.sign_up(f"u{n}@example.org", PASSWORD, "", HERE) for n in range(8))
    )
    assert [one.user.role for one in made].count(Role.ADMIN) == 1
    assert len(await users()) == 8


async def test_one_email_makes_one_account_however_spelled(home: Settings) -> None:
    spellings = ["ada@example.org", "ADA@example.org", "ａda@example.org", " Ada@EXAMPLE.org. "]
    made = await asyncio.gather(
        *(service.sign_up(each, PASSWORD, "", HERE) for each in spellings * 2),
        return_exceptions=True,
    )
    assert len(await users()) == 1
    assert {one.problem for one in made if isinstance(one, Refused)} <= {Problem.NOT_NEW}


async def test_the_first_account_is_active_in_every_mode(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for mode in ("approval", "closed"):
        monkeypatch.setattr(home, "signup", mode)
        if mode == "approval":
            first = await service.sign_up("admin@example.org", PASSWORD, "", HERE)
            assert first.user.role == Role.ADMIN
        else:
            again = service.sign_up("other@example.org", PASSWORD, "", HERE)
            assert await refusal(again) is Problem.CLOSED
    assert len(await users()) == 1


async def test_closed_and_empty_takes_exactly_one(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "signup", "closed")
    made = await asyncio.gather(
        *(service.sign_up(f"u{n}@example.org", PASSWORD, "", HERE) for n in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, SignedIn) for one in made) == 1
    assert len(await users()) == 1


async def test_approval(admin: SignedIn, home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "signup", "approval")
    new = service.sign_up("new@example.org", PASSWORD, "", HERE)
    assert await refusal(new) is Problem.PENDING
    # The same words as for an account that was there, so nothing can be learned.
    taken = service.sign_up("admin@example.org", "wrong password", "", HERE)
    assert await refusal(taken) is Problem.PENDING
    assert await refusal(service.sign_in("new@example.org", PASSWORD, HERE)) is Problem.PENDING
    wrong = service.sign_in("new@example.org", "wrong password", HERE)
    assert await refusal(wrong) is Problem.WRONG
    await set_status("new@example.org", UserStatus.ACTIVE)
    assert (await service.sign_in("new@example.org", PASSWORD, HERE)).user.role == Role.MEMBER


async def test_nobody_can_tell_an_unknown_email_from_a_wrong_password(
    member: SignedIn, hashings: list[str]
) -> None:
    problems = []
    for email in ("member@example.org", "nobody@example.org", "no address", "\x00@x"):
        before = len(hashings)
        problems.append(await refusal(service.sign_in(email, "wrong password", HERE)))
        assert len(hashings) - before == 1
    assert set(problems) == {Problem.WRONG}


async def test_sign_up_works_as_hard_for_an_email_that_is_taken(
    member: SignedIn, hashings: list[str]
) -> None:
    taken = service.sign_up("member@example.org", "wrong password", "", HERE)
    assert await refusal(taken) is Problem.NOT_NEW
    assert len(hashings) == 1
    await service.sign_up("new@example.org", PASSWORD, "", HERE)
    assert len(hashings) == 2
    again = await service.sign_up("member@example.org", PASSWORD, "", HERE)
    assert again.user.id == member.user.id
    assert len(hashings) == 3


async def test_disabled_is_told_only_to_who_knows_the_password(member: SignedIn) -> None:
    await set_status("member@example.org", UserStatus.DISABLED)
    right = service.sign_in("member@example.org", PASSWORD, HERE)
    assert await refusal(right) is Problem.DISABLED
    wrong = service.sign_in("member@example.org", "wrong password", HERE)
    assert await refusal(wrong) is Problem.WRONG
    assert await sessions.session_by_token(member.token) is None
    assert await sessions.session_by_id(member.user.session_id) is None


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("", Problem.SHORT),
        ("1234567", Problem.SHORT),
        ("x" * 129, Problem.LONG),
        ("x" * 10_000_000, Problem.LONG),
        ("\ufdfa" * 60, Problem.LONG),
    ],
)
async def test_bounds_of_passwords(
    home: Settings, hashings: list[str], password: str, problem: Problem
) -> None:
    refused = service.sign_up("ada@example.org", password, "", HERE)
    assert await refusal(refused) is problem
    assert not hashings
    assert not await users()


@pytest.mark.parametrize(
    "password", ["12345678", "x" * 128, "パスワードは長い", "a\x00bcdefgh", "🔑" * 128]
)
async def test_passwords_that_work(home: Settings, password: str) -> None:
    await service.sign_up("ada@example.org", password, "", HERE)
    assert await service.sign_in("ada@example.org", password, HERE)
    assert await refusal(service.sign_in("ada@example.org", password[:-1], HERE)) is Problem.WRONG


async def test_secrets_are_not_kept(member: SignedIn) -> None:
    for user in await users():
        assert user.password_hash.startswith("$argon2id$")
        assert PASSWORD not in repr(user)
        assert user.password_hash not in repr(user)
    assert all(row.token_hash != member.token and len(row.token_hash) == 64 for row in await rows())


async def test_a_new_session_replaces_the_one_of_this_browser(member: SignedIn) -> None:
    again = await service.sign_in("member@example.org", PASSWORD, HERE, member.token)
    assert again.token != member.token
    assert await sessions.session_by_token(member.token) is None
    assert await sessions.session_by_token(again.token)
    agents = {row.id: (row.user_agent, row.address) for row in await rows()}
    assert agents[again.user.session_id] == ("Firefox", "192.0.2.7")


async def test_changing_the_password_ends_all_other_sessions(member: SignedIn) -> None:
    other = await service.sign_in("member@example.org", PASSWORD, HERE)
    wrong = service.change_password(member.user, "wrong password", "another horse", HERE)
    assert await refusal(wrong) is Problem.WRONG_OLD
    short = service.change_password(member.user, PASSWORD, "short", HERE)
    assert await refusal(short) is Problem.SHORT
    assert await sessions.session_by_token(other.token)
    own = await service.change_password(member.user, PASSWORD, "another horse", HERE)
    assert await sessions.session_by_token(own.token)
    assert await sessions.session_by_token(other.token) is None
    assert await sessions.session_by_token(member.token) is None
    assert await refusal(service.sign_in("member@example.org", PASSWORD, HERE)) is Problem.WRONG
    assert await service.sign_in("member@example.org", "another horse", HERE)


async def test_signing_out(admin: SignedIn, member: SignedIn) -> None:
    other = await service.sign_in("member@example.org", PASSWORD, HERE)
    await sessions.sign_out(member.user.session_id)
    assert await sessions.session_by_token(member.token) is None
    assert await sessions.session_by_token(other.token)
    await sessions.sign_out_everywhere(member.user.id)
    assert await sessions.session_by_token(other.token) is None
    assert await sessions.session_by_token(admin.token)


async def test_a_session_slides_and_is_written_once_an_hour(member: SignedIn) -> None:
    found = await sessions.session_by_token(member.token)
    assert found
    assert not found.renewed
    async with transaction() as session:
        await session.exec(
            update(LoginSession).values(
                last_seen_at=now() - timedelta(hours=2), expires_at=now() + timedelta(minutes=1)
            )
        )
    found = await sessions.session_by_token(member.token)
    assert found
    assert found.renewed
    found = await sessions.session_by_token(member.token)
    assert found
    assert not found.renewed
    own = next(row for row in await rows() if row.id == member.user.session_id)
    assert own.expires_at > now() + timedelta(days=29)


async def test_an_expired_session_is_dead(member: SignedIn) -> None:
    async with transaction() as session:
        await session.exec(update(LoginSession).values(expires_at=now() - timedelta(seconds=1)))
    assert await sessions.session_by_token(member.token) is None
    assert await sessions.session_by_id(member.user.session_id) is None
    await service.sign_in("member@example.org", PASSWORD, HERE)
    assert [row.user_id for row in await rows()].count(member.user.id) == 1


async def test_sessions_of_a_person_are_bounded(
    member: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST", 3)
    later = [await service.sign_in("member@example.org", PASSWORD, HERE) for _ in range(3)]
    assert await sessions.session_by_token(member.token) is None
    for one in later:
        assert await sessions.session_by_token(one.token)


async def test_a_hash_of_other_parameters_is_renewed(
    member: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    dearer = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1, type=Type.ID)
    monkeypatch.setattr(passwords, "hasher", lambda: dearer)
    await service.sign_in("member@example.org", PASSWORD, HERE)
    mine = next(user for user in await users() if user.email == "member@example.org")
    assert "t=2" in mine.password_hash
    assert await service.sign_in("member@example.org", PASSWORD, HERE)


async def test_a_password_changed_meanwhile_lets_no_session_begin(member: SignedIn) -> None:
    async with reading() as session:
        before = await repository.user_by_email(session, "member@example.org")
    assert before
    await service.change_password(member.user, PASSWORD, "another horse", HERE)
    assert await sessions.begin(before, HERE) is None


async def test_too_many_hashings_at_once_are_refused(
    member: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "WAITING", 0)
    tries = await asyncio.gather(
        *(service.sign_in("member@example.org", PASSWORD, HERE) for _ in range(8)),
        return_exceptions=True,
    )
    problems = [one.problem for one in tries if isinstance(one, Refused)]
    assert set(problems) <= {Problem.BUSY}
    # Who was turned away has not paid.
    monkeypatch.setattr(passwords, "WAITING", 100)
    for _ in range(3):
        await service.sign_in("member@example.org", PASSWORD, HERE)


@pytest.mark.parametrize("name", ["x" * 101, "a\x00b", "a\ud800b", "\u202egnirts"])
async def test_names_that_cannot_be_shown(home: Settings, name: str) -> None:
    refused = service.sign_up("ada@example.org", PASSWORD, name, HERE)
    assert await refusal(refused) is Problem.NAME


async def test_headers_that_the_database_cannot_hold(admin: SignedIn) -> None:
    visit = Visit("192.0.2.7", "\x00" + "x" * 1000)
    await service.sign_in("admin@example.org", PASSWORD, visit)
