import asyncio
from uuid import uuid4

import pytest
from reflex.state import State
from reflex_base.registry import RegistrationContext

from chatapp.accounts import people, service, sessions
from chatapp.accounts.access import INTERNAL, Access, access_of
from chatapp.accounts.guard import SignedOut, become, current_user
from chatapp.accounts.models import Role, UserStatus
from chatapp.accounts.sessions import SignedIn, Visit
from chatapp.accounts.state import AccountState
from tests.accounts.conftest import PASSWORD
from tests.accounts.probe import ProbeState
from tests.accounts.tab import NAME, Tab, shown

MEMBERS_ONLY = ["member", "undecorated", "background"]


ADMINS_ONLY = ["admin", "admin_background"]


FOR_ALL = ["public_above", "public_below", "public_background"]


@pytest.mark.parametrize("name", MEMBERS_ONLY + ADMINS_ONLY)
async def test_signed_out_nothing_is_changed_and_nothing_read(tab: Tab, name: str) -> None:
    for session in ("", str(uuid4()), "nonsense", "'; DROP TABLE users"):
        tab.session = session
        await tab.send(name, {"value": 1}, asPath="/c/1?x=y")
    assert await tab.value() == 0
    assert NAME not in shown(tab.deltas)
    assert set(tab.sent_away) == {"/login?next=/c/1%3Fx%3Dy"}


@pytest.mark.parametrize("name", FOR_ALL)
async def test_public_handlers_run_for_all(tab: Tab, member: SignedIn, name: str) -> None:
    await tab.send(name, {"value": 1})
    assert (await tab.probe()).who == "nobody"
    tab.session = str(member.user.session_id)
    await tab.send(name, {"value": 1})
    assert (await tab.probe()).who == "member@example.org"
    assert await tab.value() == 2
    assert not tab.sent_away


@pytest.mark.parametrize("name", MEMBERS_ONLY)
async def test_a_signed_in_person_passes(tab: Tab, member: SignedIn, name: str) -> None:
    tab.session = str(member.user.session_id)
    await tab.send(name, {"value": 1})
    assert await tab.value() == 1
    assert (await tab.probe()).who == "member@example.org"


@pytest.mark.parametrize("name", ADMINS_ONLY)
async def test_admin_handlers_do_not_exist_for_others(
    tab: Tab, admin: SignedIn, member: SignedIn, name: str
) -> None:
    tab.session = str(member.user.session_id)
    await tab.send(name, {"value": 1})
    assert await tab.value() == 0
    assert not tab.sent_away
    assert NAME not in shown(tab.deltas)
    tab.session = str(admin.user.session_id)
    await tab.send(name, {"value": 1})
    assert await tab.value() == 1


async def test_the_next_event_after_signing_out_is_refused(tab: Tab, member: SignedIn) -> None:
    tab.session = str(member.user.session_id)
    await tab.send("member", {"value": 1})
    await sessions.sign_out(member.user.session_id)
    for name in MEMBERS_ONLY:
        await tab.send(name, {"value": 1})
    assert await tab.value() == 1
    assert tab.sent_away


async def test_a_password_change_counts_at_the_next_event(tab: Tab, member: SignedIn) -> None:
    tab.session = str(member.user.session_id)
    await service.change_password(member.user, PASSWORD, "another horse", Visit())
    await tab.send("member", {"value": 1})
    assert await tab.value() == 0


async def test_disabling_counts_at_the_next_event(
    tab: Tab, admin: SignedIn, member: SignedIn
) -> None:
    tab.session = str(member.user.session_id)
    await people.set_status(admin.user, member.user.id, UserStatus.DISABLED)
    await tab.send("member", {"value": 1})
    assert await tab.value() == 0


async def test_another_role_counts_at_the_next_event(
    tab: Tab, admin: SignedIn, member: SignedIn
) -> None:
    tab.session = str(member.user.session_id)
    await people.set_role(admin.user, member.user.id, Role.ADMIN)
    await tab.send("admin", {"value": 1})
    assert await tab.value() == 1
    await people.set_role(admin.user, member.user.id, Role.MEMBER)
    await tab.send("admin", {"value": 1})
    assert await tab.value() == 1


async def test_chained_and_yielded_events_are_guarded(
    tab: Tab, admin: SignedIn, member: SignedIn
) -> None:
    await tab.send("chains_to_member")
    await tab.send("yields_admin")
    assert await tab.value() == 0
    tab.session = str(member.user.session_id)
    await tab.send("chains_to_member")
    assert await tab.value() == 1
    await tab.send("yields_admin")
    assert await tab.value() == 2
    tab.session = str(admin.user.session_id)
    await tab.send("yields_admin")
    assert await tab.value() == 4


async def test_one_event_never_sees_the_person_of_another(
    tab: Tab, admin: SignedIn, member: SignedIn
) -> None:
    become(admin.user)
    try:
        await tab.send("public_above", {"value": 1})
        assert (await tab.probe()).who == "nobody"
        await tab.send("member", {"value": 1})
        assert await tab.value() == 1
    finally:
        become(None)
    with pytest.raises(SignedOut):
        current_user()


async def test_setters_are_refused(
    tab: Tab, admin: SignedIn, caplog: pytest.LogCaptureFixture
) -> None:
    tab.session = str(admin.user.session_id)
    ProbeState._create_setter("value", ProbeState.value)  # pyright: ignore[reportArgumentType]
    for owner in (NAME, State.get_full_name(), AccountState.get_full_name()):
        await tab.send(f"{owner}.setvar", {"var_name": "value", "value": 7})
    await tab.send("set_value", {"value": 7})
    assert await tab.value() == 0
    assert "set" in caplog.text


async def test_reflex_writes_no_var_of_ours(tab: Tab) -> None:
    internal = "reflex___state____state.reflex___state____update_vars_internal_state"
    for var in (f"{NAME}.value", f"{NAME}.value_rx_state_", f"{State.get_full_name()}.is_hydrated"):
        await tab.send(f"{internal}.update_vars_internal", {"vars": {var: 7}})
    assert await tab.value() == 0


async def test_the_state_is_shown_to_its_session_only_while_it_lives(
    tab: Tab, member: SignedIn
) -> None:
    hydrate = f"{State.get_full_name()}.hydrate"
    tab.session = str(member.user.session_id)
    await tab.send(f"{AccountState.get_full_name()}.load_account")
    await tab.send(hydrate)
    assert "member@example.org" in str(tab.deltas)
    await sessions.sign_out(member.user.session_id)
    tab.deltas.clear()
    await tab.send(hydrate)
    assert "member@example.org" not in str(tab.deltas)
    assert tab.sent_away


async def test_the_account_page(tab: Tab, admin: SignedIn) -> None:
    load = f"{AccountState.get_full_name()}.load_account"
    await tab.send(load)
    assert tab.sent_away
    tab.session = str(admin.user.session_id)
    await tab.send(load)
    assert AccountState.get_full_name() in shown(tab.deltas)


async def test_the_sign_in_page(tab: Tab, admin: SignedIn) -> None:
    load = f"{AccountState.get_full_name()}.load_sign_in"
    await tab.send(load, asPath="/login?next=/c/1", pathname="/login")
    assert not tab.sent_away
    tab.session = str(admin.user.session_id)
    await tab.send(load, asPath="/login", pathname="/login")
    assert tab.sent_away == ["/"]


def test_reflex_has_just_the_handlers_that_we_know() -> None:
    own = {
        name: one.handler
        for name, one in RegistrationContext.get().event_handlers.items()
        if (one.handler.fn.__module__ or "").startswith("reflex")
    }
    assert own.keys() >= INTERNAL
    for name, handler in own.items():
        known = name in INTERNAL or name.endswith(".setvar") or ".set_value" in name
        assert known, f"{name} is new: is it needed?"
        expected = Access.INTERNAL if name in INTERNAL else Access.NOBODY
        assert access_of(name, handler) is expected


async def test_many_at_once_keep_their_people(tab: Tab, admin: SignedIn, member: SignedIn) -> None:
    seen: list[tuple[str, str]] = []

    async def one(signed_in: SignedIn) -> None:
        become(signed_in.user)
        await asyncio.sleep(0)
        seen.append((signed_in.user.email, current_user().email))

    await asyncio.gather(*(one(each) for each in (admin, member) * 50))
    assert all(mine == found for mine, found in seen)


async def test_the_time_zone_of_a_persons_browser_is_noted(tab: Tab, member: SignedIn) -> None:
    tab.session = str(member.user.session_id)
    for zone in ("Asia/Tokyo", "Asia/Tokyo", "", "Middle/Earth", "../../etc/passwd"):
        tab.zone = zone
        await tab.send(MEMBERS_ONLY[0], {"value": 1})
    assert await sessions.zone_of(member.user.id) == "Asia/Tokyo"
    tab.zone = "Europe/Berlin"
    await tab.send(MEMBERS_ONLY[0], {"value": 1})
    assert await sessions.zone_of(member.user.id) == "Europe/Berlin"
