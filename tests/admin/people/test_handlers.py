"""The handlers of the admin page, called as no page would call them."""

from typing import Any

import pytest
from sqlmodel import select

from chatapp.accounts.cookies import SESSION
from chatapp.accounts.models import Role, User
from chatapp.admin.people.state import LAST, PeopleState
from chatapp.admin.state import AdminState
from chatapp.ui.store import Store
from tests.browser.rows import Person, Rows
from tests.conftest import StartApp
from tests.harness.app import AppServer
from tests.harness.socket import Tab

HANDLERS = sorted(PeopleState.event_handlers)
STORE = Store.get_full_name()


@pytest.fixture
async def app(start_app: StartApp) -> AppServer:
    return await start_app()


def tab_of(app: AppServer, person: Person) -> Tab:
    return app.tab("/settings", cookie=f"{SESSION}={person.token}")


async def call(tab: Tab, name: str, **payload: Any) -> None:
    await tab.send(f"{PeopleState.get_full_name()}.{name}", **payload)


def stored(tab: Tab) -> dict[str, Any]:
    return tab.state.get(STORE, {})


async def test_they_do_nothing_for_others(app: AppServer) -> None:
    rows = Rows(app.env)
    admin, member = await rows.person(role=Role.ADMIN), await rows.person()
    wanted: dict[str, dict[str, Any]] = {
        "load": {},
        "invite": {"form": {"email": "", "group": ""}},
        "set_status": {"user_id": str(admin.id), "status": "disabled"},
        "set_role": {"user_id": str(member.id), "role": "admin"},
    }
    assert set(wanted) == {name for name in HANDLERS if name != "setvar"}, "classify the new one"
    everybody = select(User.email + User.role + User.status).order_by(User.email)
    before = await rows.all(everybody)
    async with tab_of(app, member) as tab:
        await tab.ready()
        for name, payload in wanted.items():
            await call(tab, name, **payload)
        # Events of a tab are answered in order: this comes after all of them.
        await tab.send(f"{AdminState.get_full_name()}.enter")
        await tab.until(lambda tab: "admin:missing" in stored(tab))
        await tab.close()
    # The page itself has what is his own besides.
    assert {name for name in stored(tab) if name.startswith("admin:")} == {"admin:missing"}
    assert admin.email not in str(tab.updates)
    assert await rows.all(everybody) == before


async def test_the_last_admin_stays(app: AppServer) -> None:
    rows = Rows(app.env)
    admin = await rows.person(role=Role.ADMIN)
    await rows.person()
    async with tab_of(app, admin) as tab:
        await tab.ready()
        for name, change in (
            ("set_role", {"role": "member"}),
            ("set_status", {"status": "disabled"}),
        ):
            stored(tab).pop("admin:notice", None)
            await call(tab, name, user_id=str(admin.id), **change)
            await tab.until(lambda tab: stored(tab).get("admin:notice"))
            assert stored(tab)["admin:notice"] == LAST
    found = await rows.all(select(User.role + User.status).where(User.id == admin.id))
    assert found == ["adminactive"]


async def test_nonsense_is_refused(app: AppServer) -> None:
    rows = Rows(app.env)
    admin, member = await rows.person(role=Role.ADMIN), await rows.person()
    async with tab_of(app, admin) as tab:
        await tab.ready()
        for role in ("owner", "", None, 1, ["admin"]):
            await call(tab, "set_role", user_id=str(member.id), role=role)
        for user_id in ("me", "", None, str(member.id)[:-1]):
            await call(tab, "set_role", user_id=user_id, role="admin")
        await call(tab, "load")
        await tab.until(lambda tab: len(stored(tab).get("admin:people", {}).get("rows", [])) == 2)
        roles = [row["role"] for row in stored(tab)["admin:people"]["rows"]]
        assert sorted(roles) == ["admin", "member"]
    app.allow("Refused")
