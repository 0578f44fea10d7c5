"""Every handler, page and address of admins, as the app itself lists them, tried by all others.

What is tried is taken from the running parts: Reflex's registry of handlers, its pages, and the
routes of the server that the pages' app is wrapped in. What is added is tried without a word here;
what cannot be tried so, or is for others than admins, fails until it is classified.
"""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col, select

from chatapp import routes
from chatapp.accounts.cookies import SESSION
from chatapp.accounts.guard import SESSION_HEADER
from chatapp.accounts.models import Group, LoginSession, OneTimeLink, Role, User, UserStatus
from chatapp.admin.state import AdminState
from chatapp.audit.models import AuditNote
from chatapp.controls.models import ControlValue
from chatapp.settings import PROJECT
from chatapp.ui.store import Store
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer
from tests.harness.backends import connected
from tests.harness.socket import ROOT, Tab

STORE = Store.get_full_name()
ENTER = f"{AdminState.get_full_name()}.enter"

FOR_OTHERS = {
    routes.HEALTH,
    routes.READY,
    routes.METRICS,
    routes.SIGN_UP,
    routes.SIGN_IN,
    routes.SIGN_OUT,
    routes.SIGN_OUT_EVERYWHERE,
    routes.CHANGE_PASSWORD,
    routes.RESET_PASSWORD,
    routes.OWN_KEY,
    routes.OWN_KEY_USE,
    routes.OWN_KEY_REMOVE,
    routes.EXPORT,
    routes.ERASE,
    routes.PICTURES,
    routes.picture("{picture_id}"),
    "",  # the built pages, which hold nothing of anybody
}
"""The addresses that are not for admins alone; tried where their domains are."""

LIST = """
import contextlib, inspect, json, os, sys, typing
os.environ["__REFLEX_SKIP_COMPILE"] = "true"
with contextlib.redirect_stdout(sys.stderr):
    from chatapp import chatapp as wiring
from reflex_base.registry import RegistrationContext
from chatapp.accounts.access import access_of

def kinds(function):
    hints = inspect.get_annotations(function, eval_str=True)
    return {
        name: [str(each) for each in typing.get_args(kind)] or getattr(kind, "__name__", str(kind))
        for name, kind in hints.items() if name != "return"
    }

def of_admins(function):
    return function.__module__.startswith("chatapp.admin")

registered = RegistrationContext.get().event_handlers
handlers = {
    name: [access_of(name, each.handler), kinds(each.handler.fn)]
    for name, each in registered.items()
    if of_admins(each.handler.fn) or access_of(name, each.handler) == "admin"
}
pages = {}
for route, page in wiring.app._unevaluated_pages.items():
    loading = wiring.app._load_events.get(route, [])
    if route.startswith("admin") or of_admins(page.component) or any(
        of_admins(each.fn) for each in loading
    ):
        pages["/" + route] = [each.fn.__qualname__ for each in loading]

made = []
class Kept(wiring.Starlette):
    def __init__(self, **how):
        super().__init__(**how)
        made.append(self)
wiring.Starlette = Kept
wiring.transform(wiring.app._api)
addresses = {
    each.path: [sorted(getattr(each, "methods", None) or []), of_admins(each.endpoint)
        if hasattr(each, "endpoint") else False]
    for app in made for each in app.routes
}
reflexs = [each.path for each in wiring.app._api.routes if "{" not in getattr(each, "path", "{")]
print(json.dumps([handlers, pages, addresses, reflexs]))
"""


@dataclass(frozen=True)
class Listed:
    """What the app says there is."""

    handlers: dict[str, tuple[str, dict[str, Any]]]
    """Who may call each, and the kinds of its arguments."""
    pages: dict[str, list[str]]
    """What each page does on loading."""
    addresses: dict[str, tuple[list[str], bool]]
    """The methods of each, and whether it is made for admins."""
    reflexs: list[str]
    """The addresses that Reflex would serve."""

    @property
    def calls(self) -> list[str]:
        """The handlers that are refused to others than admins."""
        return [name for name, (access, _) in self.handlers.items() if access == "admin"]

    @property
    def admins(self) -> dict[str, list[str]]:
        """The addresses for admins, with their methods."""
        return {
            path: methods
            for path, (methods, ours) in self.addresses.items()
            if ours or path not in FOR_OTHERS
        }


@pytest.fixture(scope="module")
def listed() -> Listed:
    # In a process of its own: the app is not made for being imported beside the tests.
    done = subprocess.run(
        [sys.executable, "-c", LIST], cwd=PROJECT, check=True, capture_output=True, text=True
    )
    return Listed(*json.loads(done.stdout))


def argument(kind: Any, person: Person) -> Any:
    """What a thief would send for an argument of a kind."""
    if isinstance(kind, list):
        return kind[0] if kind != ["str", "typing.Any"] else form(person)
    return {"UUID": str(person.id), "int": 1, "float": 1.0, "bool": True}.get(kind, "stolen")


def form(person: Person) -> dict[str, str]:
    return {"id": str(person.id), "email": person.email, "name": "stolen", "search": "@"}


def test_all_are_for_admins_and_each_page_asks_first(listed: Listed) -> None:
    assert len(listed.handlers) > 20
    open_to_others = {name for name in listed.handlers if name not in listed.calls}
    # Reflex's own setters are refused to everybody.
    assert {name for name in open_to_others if not name.endswith(".setvar")} == {ENTER}
    assert len(listed.pages) > 5
    for path, loading in listed.pages.items():
        assert loading[0] == "AdminState.enter", path
    named = {path for name, path in vars(routes).items() if name.startswith("ADMIN")}
    assert set(listed.pages) == named


def test_each_address_is_for_admins_or_classified(listed: Listed) -> None:
    assert set(listed.addresses) >= FOR_OTHERS
    assert set(listed.admins) == {routes.AUDIT_EXPORT}, "classify the new one"
    assert all(path.startswith(routes.ADMIN) for path in listed.admins)


@pytest.fixture(params=["member", "signed-out", "disabled", "demoted", "forged"])
async def other(request: pytest.FixtureRequest, rows: Rows) -> tuple[str, Person]:
    role = Role.ADMIN if request.param in ("disabled", "demoted") else Role.MEMBER
    return request.param, await rows.person(role=role)


CHANGES: dict[str, dict[str, Any]] = {
    "disabled": {"status": UserStatus.DISABLED},
    "demoted": {"role": Role.MEMBER},
}


@asynccontextmanager
async def tab_of(app: AppServer, name: str, person: Person) -> AsyncIterator[Tab]:
    """An open tab; its reader stops being an admin when it is open."""
    cookie = "" if name == "signed-out" else f"{SESSION}={person.token}"
    async with app.tab("/settings", cookie=cookie) as tab:
        if cookie:
            await tab.ready()
        # Behind the back of the product, which would close the socket.
        await change(app, name, person)
        yield tab


async def change(app: AppServer, name: str, person: Person) -> None:
    if values := CHANGES.get(name):
        async with connected(app.env) as connection:
            await connection.execute(update(User).where(col(User.id) == person.id).values(**values))


def forged(event: dict[str, Any], session_id: str) -> dict[str, Any]:
    """An event that says of itself that an admin has sent it."""
    event["router_data"] |= {
        "headers": {SESSION_HEADER: session_id, "cookie": f"{SESSION}=x"},
        "session_id": session_id,
        "ip": "127.0.0.1",
    }
    return {**event, "token": session_id, "substate_token": session_id, "is_admin": True}


async def test_others_get_nothing_by_any_of_them(
    listed: Listed, app: AppServer, rows: Rows, other: tuple[str, Person]
) -> None:
    name, person = other
    victim, admin = await rows.person("Victim"), await rows.person("Chief", role=Role.ADMIN)
    [session_id] = await rows.all(select(LoginSession.id).where(LoginSession.user_id == admin.id))
    tables: tuple[Any, ...] = (
        select(User.email + User.role + User.status + User.name),
        select(Group.id),
        select(OneTimeLink.id),
        select(ControlValue.name),
        select(AuditNote.id),
    )
    async with tab_of(app, name, person) as tab:
        before = [sorted(map(str, await rows.all(query))) for query in tables]
        tab.state.pop(STORE, None)
        seen = len(tab.updates)

        async def send(handler: str, **payload: Any) -> None:
            event = tab._event(handler, payload)
            await tab.emit("event", forged(event, str(session_id)) if name == "forged" else event)

        if name == "forged":
            states = {handler.rpartition(".")[0] for handler in listed.handlers}
            values = {f"{state}.is_admin_rx_state_": True for state in states}
            await send(
                f"{ROOT}.reflex___state____update_vars_internal_state.update_vars_internal",
                vars=values,
            )
            for state in states:
                await send(f"{state}.setvar", var_name="is_admin", value=True)
        for handler, (_, kinds) in listed.handlers.items():
            if handler != ENTER:
                given = {each: argument(kind, victim) for each, kind in kinds.items()}
                await send(handler, **given)
        # Events of a tab are answered in order: this comes after all of them.
        await send(ENTER)
        # Who is not signed in is led to that by each of them; others by none.
        count = leads if name in ("signed-out", "disabled") else missing
        wanted = len(listed.calls) + 1 if count is leads else 1
        await tab.until(lambda tab: count(tab, seen) >= wanted)
        assert set(tab.state.get(STORE, {})) <= {"admin:missing"}
        for told in (json.dumps(tab.updates), json.dumps(tab.state)):
            assert victim.email not in told
            assert admin.email not in told
    cookie = "" if name == "signed-out" else f"{SESSION}={person.token}"
    for path in listed.pages:
        async with app.tab(path, cookie=cookie, params={"id": str(victim.id)}) as tab:
            await tab.until(lambda tab: count(tab, 0))
            assert set(tab.state.get(STORE, {})) <= {"admin:missing"}
            assert victim.email not in json.dumps(tab.updates)
    assert [sorted(map(str, await rows.all(query))) for query in tables] == before
    app.allow("Refused")


def leads(tab: Tab, seen: int) -> int:
    events = [event for update in tab.updates[seen:] for event in update.get("events") or []]
    return sum("/login" in json.dumps(event) for event in events)


def missing(tab: Tab, seen: int) -> int:
    return sum("admin:missing" in json.dumps(update) for update in tab.updates[seen:])


async def test_others_find_no_such_addresses(
    listed: Listed, app: AppServer, rows: Rows, other: tuple[str, Person]
) -> None:
    name, person = other
    await change(app, name, person)
    cookies = {} if name == "signed-out" else {SESSION: person.token}
    headers = {SESSION_HEADER: str(person.id), "x-is-admin": "1"} if name == "forged" else {}
    before = sorted(map(str, await rows.all(select(AuditNote.id))))
    async with httpx.AsyncClient(base_url=app.url, cookies=cookies, headers=headers) as client:
        for path, methods in listed.admins.items():
            for method in methods:
                found = await client.request(method, path)
                assert found.status_code == 404, (path, method)
                assert "csv" not in found.headers["content-type"]
                assert method == "HEAD" or found.text == "There is no such page."
        # The server of our addresses is the only one: Reflex's own are not reached.
        for path in set(listed.reflexs) - {routes.SOCKET}:
            assert (await client.post(path)).status_code in (404, 405), path
    assert sorted(map(str, await rows.all(select(AuditNote.id)))) == before
