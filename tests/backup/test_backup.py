"""A copy that is made while people write comes back whole on a clean machine, or says why not."""

import asyncio
import io
import json
import os
import signal
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from chatapp import secret
from chatapp.accounts import service
from chatapp.accounts.sessions import Visit
from chatapp.database import new_id
from chatapp.settings import PROJECT, Settings
from tests.harness.backends import Backend, Embedded, connected
from tests.harness.services import Services

PASSWORD = "correct horse battery"


@dataclass
class Command:
    """What an operator sees of a command."""

    code: int
    said: str


async def run(env: dict[str, str], *arguments: str | Path) -> Command:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chatapp", *map(str, arguments)),
        cwd=PROJECT,
        env={**os.environ, **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return Command(process.returncode or 0, said.decode())


async def sign_up(number: int) -> None:
    name = f"Zoë {number} ‘%_\\ 🦜"
    await service.sign_up(f"person{number}@example.org", PASSWORD, name, Visit(), None)


@pytest.fixture
async def here(installation: Settings) -> dict[str, str]:
    """An installation with some people."""
    for number in range(3):
        await sign_up(number)
    return {
        "DATABASE_URL": installation.database_url or "",
        "CHATAPP_DATA_DIR": str(installation.data_dir),
    }


@pytest.fixture
async def elsewhere(backend: Backend, tmp_path: Path, services: Services) -> dict[str, str]:
    """A machine on which nothing is yet, not even tables."""
    data = {"CHATAPP_DATA_DIR": str(tmp_path / "elsewhere"), "DATABASE_URL": ""}
    if isinstance(backend, Embedded):
        return data
    server = await services.postgres()
    return {**data, "DATABASE_URL": await server.create(f"elsewhere{new_id().hex}")}


async def rows(env: dict[str, str]) -> list[tuple[Any, ...]]:
    """Who is there, in an order."""
    made = Settings.model_validate(
        {name: value for name, value in env.items() if value}
        | {"data_dir": env["CHATAPP_DATA_DIR"]}
    )
    engine = create_async_engine(made.sqlalchemy_url)
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT id, email, name FROM users ORDER BY email"))
        people = [tuple(row) for row in found]
    await engine.dispose()
    return people


async def test_what_is_copied_while_people_write_comes_back(
    here: dict[str, str], elsewhere: dict[str, str], tmp_path: Path
) -> None:
    file, stop = tmp_path / "copies" / "all.tar", asyncio.Event()

    async def write() -> int:
        number = 3
        while not stop.is_set():
            await sign_up(number)
            number += 1
        return number

    writing = asyncio.create_task(write())
    copied = await run(here, "backup", file)
    stop.set()
    written = await writing
    assert copied.code == 0, copied.said
    assert copied.said.startswith(f"Copied to {file}: ")
    assert file.stat().st_mode & 0o077 == 0
    assert [path.name for path in file.parent.iterdir()] == ["all.tar"]

    restored = await run(elsewhere, "restore", file)
    assert restored.code == 0, restored.said
    assert restored.said.startswith(f"Restored and compared, from {file}: ")
    before, after = await rows(here), await rows(elsewhere)
    assert len(before) == written
    assert 3 <= len(after) <= written
    assert set(after) <= set(before)
    # It serves on: nothing is missing that migrations or accounts need.
    assert (await run(elsewhere, "migrate")).code == 0


async def test_the_secret_goes_along(
    here: dict[str, str], elsewhere: dict[str, str], tmp_path: Path
) -> None:
    kept = Path(here["CHATAPP_DATA_DIR"]) / secret.FILE
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text("the secret of the installation, of some length")
    assert (await run(here, "backup", tmp_path / "all.tar")).code == 0
    assert (await run(elsewhere, "restore", tmp_path / "all.tar")).code == 0
    arrived = Path(elsewhere["CHATAPP_DATA_DIR"]) / secret.FILE
    assert arrived.read_text() == kept.read_text()
    assert arrived.stat().st_mode & 0o077 == 0


async def test_nobody_is_overwritten(here: dict[str, str], tmp_path: Path) -> None:
    assert (await run(here, "backup", tmp_path / "all.tar")).code == 0
    before = await rows(here)
    again = await run(here, "restore", tmp_path / "all.tar")
    assert (again.code, again.said) == (
        1,
        "There are accounts in this database: restore into an empty one.\n",
    )
    assert await rows(here) == before


def rewritten(file: Path, member: str, data: bytes) -> Path:
    """The same copy with something else in it."""
    changed = file.with_name(f"{member}.tar")
    with tarfile.open(file) as old, tarfile.open(changed, "w") as new:
        for each in old:
            content = old.extractfile(each)
            assert content is not None
            written = data if each.name == member else content.read()
            each.size = len(written)
            new.addfile(each, io.BytesIO(written))
    return changed


def manifest_of(file: Path) -> dict[str, Any]:
    with tarfile.open(file) as archive:
        content = archive.extractfile("manifest.json")
        assert content is not None
        return json.load(content)


async def test_what_is_broken_is_refused(
    here: dict[str, str], elsewhere: dict[str, str], tmp_path: Path
) -> None:
    file, half = tmp_path / "all.tar", tmp_path / "half.tar"
    assert (await run(here, "backup", file)).code == 0
    half.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    manifest = manifest_of(file)
    manifest["tables"]["users"]["rows"] += 1
    lying = rewritten(file, "manifest.json", json.dumps(manifest).encode())
    for words, copy in (
        ("is broken: it is not what was written", rewritten(file, "database", b"other")),
        ("is no copy of chatapp, or it is broken", half),
        ("What arrived is not what was copied: users.", lying),
    ):
        refused = await run(elsewhere, "restore", copy)
        assert refused.code == 1
        assert words in refused.said
        assert refused.said.count("\n") == 1
    # Nothing of them is left in the way of a good one.
    assert (await run(elsewhere, "restore", file)).code == 0
    assert await rows(elsewhere) == await rows(here)


async def test_what_a_killed_copy_has_left_goes_with_the_next_and_what_is_made_now_stays(
    real: Backend, tmp_path: Path
) -> None:
    env, folder = await real.fresh(tmp_path), tmp_path / "copies"
    async with connected(env) as connection:
        await connection.execute(text("LOCK TABLE users"))
        making = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "chatapp", "backup", str(folder / "first.tar")),
            cwd=PROJECT,
            env={**os.environ, **env},
        )
        while not list(folder.glob(".chatapp-backup-*")):
            assert making.returncode is None
            await asyncio.sleep(0.02)
        # It waits for the table, and then for ever.
        making.send_signal(signal.SIGSTOP)
    (left,) = folder.iterdir()
    assert (await run(env, "backup", folder / "second.tar")).code == 0
    assert left.is_dir()
    making.kill()
    await making.wait()
    assert (await run(env, "backup", folder / "third.tar")).code == 0
    assert {path.name for path in folder.iterdir()} == {"second.tar", "third.tar"}
