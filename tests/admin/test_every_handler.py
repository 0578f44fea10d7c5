"""Every handler and every page of admins, as the compiled app lists them, called by others."""

import json
import subprocess
import sys
from typing import Any

import pytest
from sqlmodel import select

from chatapp.accounts.cookies import SESSION
from chatapp.accounts.models import Group, OneTimeLink, User
from chatapp.admin.state import AdminState
from chatapp.audit.models import AuditNote
from chatapp.controls.models import ControlValue
from chatapp.database import new_id
from chatapp.settings import PROJECT
from chatapp.ui.store import Store
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer

STORE = Store.get_full_name()

LIST = """
import contextlib, inspect, json, os, sys, typing
os.environ["__REFLEX_SKIP_COMPILE"] = "true"
with contextlib.redirect_stdout(sys.stderr):
    from chatapp.chatapp import app
from reflex_base.registry import RegistrationContext
from chatapp import routes
from chatapp.accounts.access import access_of

def kinds(function):
    hints = inspect.get_annotations(function, eval_str=True)
    return {
        name: [str(each) for each in typing.get_args(kind)] or getattr(kind, "__name__", str(kind))
        for name, kind in hints.items() if name != "return"
    }

handlers = {
    name: [access_of(name, each.handler), each.handler.fn.__module__, kinds(each.handler.fn)]
    for name, each in RegistrationContext.get().event_handlers.items()
    if each.handler.fn.__module__.startswith("chatapp.admin")
}
pages = {
    path: [each.fn.__qualname__ for each in app._load_events.get(path.strip("/"), [])]
    for name, path in vars(routes).items() if name.startswith("ADMIN")
}
print(json.dumps([handlers, pages]))
"""


@pytest.fixture(scope="module")
def listed() -> tuple[dict[str, Any], dict[str, list[str]]]:
    # In a process of its own: the app is not made for being imported beside the tests.
    done = subprocess.run(
        [sys.executable, "-c", LIST], cwd=PROJECT, check=True, capture_output=True, text=True
    )
    handlers, pages = json.loads(done.stdout)
    return handlers, pages


def argument(kind: Any, person: Person) -> Any:
    """What a thief would send for an argument of a kind."""
    if isinstance(kind, list):
        return kind[0] if kind != ["str", "typing.Any"] else form(person)
    return {"UUID": str(person.id), "int": 1, "float": 1.0, "bool": True}.get(kind, "stolen")


def form(person: Person) -> dict[str, str]:
    return {"id": str(person.id), "email": person.email, "name": "stolen", "search": "@"}


def test_all_are_for_admins_and_each_page_asks_first(
    listed: tuple[dict[str, Any], dict[str, list[str]]],
) -> None:
    handlers, pages = listed
    assert len(handlers) > 20
    enter = f"{AdminState.get_full_name()}.enter"
    open_to_others = {name for name, (access, _, _) in handlers.items() if access != "admin"}
    # Reflex's own setters are refused to everybody.
    assert {name for name in open_to_others if not name.endswith(".setvar")} == {enter}
    assert len(pages) > 5
    for path, loading in pages.items():
        assert loading[0] == "AdminState.enter", path


async def test_others_get_nothing_by_any_of_them(
    listed: tuple[dict[str, Any], dict[str, list[str]]], app: AppServer, rows: Rows
) -> None:
    victim, member = await rows.person("Victim"), await rows.person()
    tables: tuple[Any, ...] = (
        select(User.email + User.role + User.status + User.name),
        select(Group.id),
        select(OneTimeLink.id),
        select(ControlValue.name),
        select(AuditNote.id),
    )
    before = [sorted(map(str, await rows.all(query))) for query in tables]
    for cookie in (f"{SESSION}={member.token}", ""):
        async with app.tab("/settings", cookie=cookie) as tab:
            if cookie:
                await tab.ready()
            for name, (_, _, kinds) in listed[0].items():
                payload = {each: argument(kind, victim) for each, kind in kinds.items()}
                await tab.send(name, **payload)
            # Events of a tab are answered in order: this comes after all of them.
            await tab.send(f"{AdminState.get_full_name()}.enter", mark=str(new_id()))
            await tab.send(f"{AdminState.get_full_name()}.enter")
            await tab.until(
                lambda tab: (
                    "admin:missing" in tab.state.get(STORE, {})
                    or "/login" in json.dumps(tab.updates)
                )
            )
        shown = {name for name in tab.state.get(STORE, {}) if name.startswith("admin:")}
        assert shown <= {"admin:missing"}
        assert victim.email not in json.dumps(tab.updates)
    assert [sorted(map(str, await rows.all(query))) for query in tables] == before
    app.allow("Refused")
