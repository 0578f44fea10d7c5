"""The command line, as an operator uses it: real processes, words and exit codes."""

import asyncio
import json
import os
import stat
import sys
from pathlib import Path

import pytest
from sqlmodel import col, select

from chatapp.accounts.models import LoginSession, Role, User
from chatapp.audit.models import AuditNote
from chatapp.settings import PROJECT
from tests.browser.rows import Rows
from tests.harness.backends import Backend


@pytest.fixture
async def env(backend: Backend, tmp_path: Path) -> dict[str, str]:
    return await backend.fresh(tmp_path)


async def admin(env: dict[str, str], *words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chatapp", "admin", *words),
        cwd=PROJECT,
        env={**os.environ, **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate()
    assert process.returncode is not None
    assert "Traceback" not in error.decode()
    return process.returncode, out.decode(), error.decode()


async def test_the_basics_from_the_first_admin_on(env: dict[str, str], tmp_path: Path) -> None:
    rows = Rows(env)
    code, out, _ = await admin(env, "make", "Ada@Example.org")
    assert code == 0
    assert "ada@example.org is an administrator" in out
    assert "/reset?link=" in out
    member = await rows.person("Mary", email="mary@example.org")
    await rows.chat(member, "Something private", "Yes")

    code, _, error = await admin(env, "disable", "ada@example.org")
    assert (code, error.strip()) == (
        1,
        "This is the last administrator. Make somebody else one first.",
    )
    assert (await admin(env, "disable", member.email))[0] == 0
    assert await rows.all(select(LoginSession.id).where(LoginSession.user_id == member.id)) == []
    assert (await admin(env, "make", member.email))[0] == 0
    found = await rows.all(select(User.role + User.status).where(User.id == member.id))
    assert found == [f"{Role.ADMIN}active"]
    code, out, _ = await admin(env, "reset-password", member.email)
    assert code == 0
    assert "/reset?link=" in out
    code, out, _ = await admin(env, "stats")
    assert code == 0
    numbers = {line.split(":")[0]: line.split()[-1] for line in out.splitlines()}
    assert numbers == {"People": "2", "Waiting for approval": "0", "Chats": "1", "Questions": "1"}

    file = tmp_path / "mary.json"
    assert (await admin(env, "export", member.email, str(file)))[0] == 0
    assert json.loads(file.read_text())["chats"][0]["messages"][0]["text"] == "Something private"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    code, _, error = await admin(env, "export", member.email, str(file))
    assert code == 1
    assert "cannot be written" in error
    assert file.read_text() == before

    for words in (("disable", "nobody@example.org"), ("make", "no address")):
        code, out, error = await admin(env, *words)
        assert (code, out) == (1, "")
        assert error.strip()
    assert (await admin(env, "burn", "it"))[0] == 2
    noted = await rows.all(select(AuditNote.action).order_by("at", "id"))
    assert noted == [
        "person.made",
        "person.password-link-made",
        "person.status",
        "person.status",
        "person.role",
        "person.password-link-made",
        "person.exported",
    ]
    assert await rows.all(select(AuditNote.id).where(col(AuditNote.by).is_not(None))) == []
