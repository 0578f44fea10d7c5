"""The audit as a file: for admins alone, and never a formula."""

import csv
import io

import httpx
import pytest

from chatapp import audit
from chatapp.accounts.cookies import SESSION
from chatapp.accounts.models import Role
from chatapp.admin.audit.endpoints import _cell
from chatapp.admin.audit.words import view_of
from chatapp.audit.models import AuditNote
from chatapp.routes import AUDIT_EXPORT
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert _cell(text) == f"'{text}"
    assert _cell(f"a{text}") == f"a{text}"


def test_a_note_is_told_in_words_also_when_its_people_are_gone() -> None:
    note = AuditNote(
        action="tool.switched-on", subject="control:a.b", before={"on": False}, after={"on": True}
    )
    view = view_of(note, {})
    assert (view["action"], view["by"], view["subject"]) == (
        "Tool: switched on",
        "the command line",
        "a.b",
    )
    assert view["changes"] == [["on", "false", "true"]]
    assert "@" not in str(view_of(AuditNote(action="x", subject=audit.account("a@b.c")), {}))


async def fetch(app: AppServer, person: Person | None, query: str = "") -> httpx.Response:
    cookies = {SESSION: person.token} if person else {}
    async with httpx.AsyncClient(base_url=app.url, cookies=cookies) as client:
        return await client.get(AUDIT_EXPORT + query)


async def test_others_find_no_such_address(app: AppServer, rows: Rows) -> None:
    member = await rows.person()
    for who in (None, member):
        found = await fetch(app, who)
        assert (found.status_code, found.text) == (404, "There is no such page.")


async def test_it_has_each_change_and_its_own_making(app: AppServer, rows: Rows) -> None:
    admin = await rows.person(role=Role.ADMIN)
    evil = '=cmd,"x"'
    note = AuditNote(action="test.export", by=admin.id, subject="control:x", after={"name": evil})
    await rows.add([note])
    found = await fetch(app, admin, "?action=test.export")
    assert found.headers["content-disposition"].startswith("attachment")
    assert found.headers["cache-control"] == "no-store"
    lines = list(csv.DictReader(io.StringIO(found.text)))
    assert [(line["by"], line["after"]) for line in lines] == [(admin.email, f"'{evil}")]
    exported = await fetch(app, admin, "?action=audit.exported")
    assert admin.email in exported.text
