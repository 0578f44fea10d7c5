"""What is done is noted with it, and never changed."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from chatapp import audit, controls
from chatapp.accounts import people, service, sessions
from chatapp.accounts.models import Role, UserStatus
from chatapp.accounts.people import LastAdmin
from chatapp.accounts.problems import Refused
from chatapp.accounts.sessions import SignedIn, Visit
from chatapp.audit import repository
from chatapp.audit.models import AuditNote
from chatapp.controls import Control
from chatapp.database import now, reading, transaction
from chatapp.settings import Settings
from tests.accounts.conftest import PASSWORD, admin, cheap_hashing, fresh_limits, home, member

__all__ = ["admin", "cheap_hashing", "fresh_limits", "home", "member"]

SIZE = Control("test.size", int, 1, "How big.")
SEARCH_KEY = Control("test.search_key", str, "", "A secret.")


async def notes(action: str = "") -> Sequence[AuditNote]:
    async with reading() as session:
        query = select(AuditNote).order_by("at", "id")
        found = (await session.exec(query)).all()
    return [each for each in found if action in ("", each.action)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_notes SET action = 'nothing'",
        "UPDATE audit_notes SET address = address WHERE action = 'tried'",
        "DELETE FROM audit_notes",
        "TRUNCATE audit_notes",
    ],
)
async def test_the_database_itself_refuses_to_change_it(
    installation: Settings, statement: str
) -> None:
    await audit.record("tried", by=None)
    before = await notes()
    with pytest.raises(DBAPIError):
        async with transaction() as session:
            await session.exec(text(statement))  # pyright: ignore[reportCallIssue, reportArgumentType]
    assert await notes() == before != []


async def test_what_is_not_done_is_not_noted(installation: Settings) -> None:
    with suppress(ZeroDivisionError):
        async with transaction() as session:
            await audit.note(session, "tried", by=None, before={"a": 1}, after={"a": 2})
            _ = 1 // 0
    assert await notes() == []


async def test_a_control_is_noted_once_with_before_and_after(installation: Settings) -> None:
    by = uuid4()
    audit.coming_from("192.0.2.7")
    await controls.change(SIZE, 2, by)
    await controls.change(SIZE, 3, None)
    await controls.change(SEARCH_KEY, "verysecret", by)
    first, second, third = await notes("control.changed")
    assert (first.by, first.address, first.subject) == (by, "192.0.2.7", "control:test.size")
    assert (first.before, first.after) == ({"test.size": 1}, {"test.size": 2})
    assert (second.by, second.before, second.after) == (None, {"test.size": 2}, {"test.size": 3})
    assert "verysecret" not in str(third)


async def test_what_admins_do_with_accounts_is_noted(admin: SignedIn, member: SignedIn) -> None:
    await people.set_role(admin.user, member.user.id, Role.ADMIN)
    await people.set_status(admin.user, member.user.id, UserStatus.DISABLED)
    [role], [status] = await notes("person.role"), await notes("person.status")
    assert role.by == status.by == admin.user.id
    assert role.subject == audit.of_person(member.user.id)
    assert (role.before, role.after) == ({"role": "member"}, {"role": "admin"})
    assert (status.before, status.after) == ({"status": "active"}, {"status": "disabled"})
    with pytest.raises(LastAdmin):
        await people.set_role(admin.user, admin.user.id, Role.MEMBER)
    assert len(await notes("person.role")) == 1


async def test_coming_in_and_going_are_noted(admin: SignedIn) -> None:
    audit.coming_from("198.51.100.9")
    again = await service.sign_in(admin.user.email, PASSWORD, Visit("198.51.100.9"))
    await service.change_password(again.user, PASSWORD, "another good one", Visit())
    await sessions.sign_out_everywhere(admin.user.id)
    done = [each.action for each in await notes()]
    assert done == [
        "person.made",
        "person.signed-in",
        "person.signed-in",
        "person.password-changed",
        "person.signed-out-everywhere",
    ]
    assert {each.subject for each in await notes()} == {audit.of_person(admin.user.id)}
    assert (await notes())[2].address == "198.51.100.9"
    assert PASSWORD not in str(await notes())


async def test_a_failed_sign_in_tells_nobody_whether_there_is_such_an_account(
    admin: SignedIn,
) -> None:
    unknown = "nobody@example.org"
    for email in (admin.user.email, unknown, "no address"):
        with pytest.raises(Refused):
            await service.sign_in(email, "a wrong one", Visit("203.0.113.5"))
    found = await notes("person.sign-in-failed")
    assert [each.subject for each in found] == [
        audit.account(admin.user.email),
        audit.account(unknown),
        audit.account("no address"),
    ]
    for each in found:
        # All are alike, and none says an e-mail or an id.
        assert (each.by, each.before, each.after) == (None, None, None)
        assert len(each.subject) == len(found[0].subject)
    told = str(found)
    assert admin.user.email not in told
    assert unknown not in told


async def test_it_is_looked_through_by_person_action_and_time(
    admin: SignedIn, member: SignedIn
) -> None:
    await people.set_role(admin.user, member.user.id, Role.ADMIN)
    middle = now()
    await people.set_role(member.user, admin.user.id, Role.MEMBER)

    async def found(**wanted: object) -> list[str]:
        async with reading() as session:
            query = repository.notes(**wanted)  # pyright: ignore[reportArgumentType]
            return sorted(each.subject for each in await session.exec(query))

    both = [audit.of_person(admin.user.id), audit.of_person(member.user.id)]
    assert await found(action="person.role") == sorted(both)
    assert await found(action="person.role", until=middle) == [both[1]]
    assert await found(action="person.role", since=middle) == [both[0]]
    of_admin = await found(action="person.role", by=admin.user.id, subjects=[both[0]])
    assert of_admin == sorted(both)
    assert await found(by=uuid4()) == []
    async with reading() as session:
        assert await repository.actions(session) == [
            "person.made",
            "person.role",
            "person.signed-in",
        ]
