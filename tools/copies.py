"""`make backup` and `make restore FROM=…`: the database of this folder, up or not."""

import asyncio
import os
import tarfile
import time
from collections.abc import Mapping
from json import load
from pathlib import Path

from tools import machine, network, packages, phases, servers, up
from tools.phases import Refusal
from tools.supervisor import Child

REASONS = {
    "there are accounts in this database": "There are accounts in this database already.",
    "is missing on this machine": "pg_dump and pg_restore are missing (postgresql-client).",
    "broken": "The file is broken, or no copy of chatapp.",
}


def back_up() -> int:
    """Copy everything to ``TO``, or to a file named by the time in the data folder.

    Raises:
        Refusal: with the reason.
    """
    place = up.make_place()
    named = time.strftime("%Y-%m-%d-%H%M%S.tar", time.gmtime())
    file = Path(os.environ.get("TO") or place.data / "backups" / named).resolve()
    kind = "postgresql" if (place.data / "postgres" / "PG_VERSION").is_file() else "sqlite"
    _run("Copying everything", "backup", file, kind)
    print(f"The copy is {file}.", flush=True)
    return 0


def restore() -> int:
    """Bring back what the file ``FROM`` holds.

    Raises:
        Refusal: with the reason.
    """
    given = os.environ.get("FROM")
    if not given:
        raise Refusal("Say from which file: `make restore FROM=data/backups/….tar`.")
    file = Path(given).resolve()
    if up.is_up(up.make_place()):
        raise Refusal("chatapp is up: stop it first, so that nobody begins meanwhile.")
    try:
        with tarfile.open(file) as archive, archive.extractfile("manifest.json") as read:  # type: ignore[union-attr]
            kind = load(read)["kind"]
    except (OSError, tarfile.TarError, KeyError, ValueError, AttributeError):
        raise Refusal(f"{file} is no copy of chatapp, or it is broken.") from None
    _run("Restoring everything", "restore", file, kind)
    print("All of it is back, and compared. `make up` or `make run` goes on with it.", flush=True)
    return 0


def _run(title: str, command: str, file: Path, kind: str) -> None:
    """Run a command on the database that is set, the one that is up, or one started for it."""
    place = up.make_place()
    if database := machine.variable("DATABASE_URL", ""):
        _call(title, command, file, {"DATABASE_URL": database})
    elif up.is_up(place):
        _call(title, command, file, {"DATABASE_URL": up.read_state(place)["database_url"]})
    elif kind == "postgresql":
        machine.ensure_servers()
        asyncio.run(_with_postgres(title, command, file))
    else:
        _call(title, command, file, {})


async def _with_postgres(title: str, command: str, file: Path) -> None:
    place = up.make_place()
    (port,) = network.free_ports(15432, 1)
    server = Child(servers.postgres(place, port, 20))
    await server.start()
    try:
        database = await asyncio.to_thread(servers.make_database, place, port)
        await asyncio.to_thread(_call, title, command, file, {"DATABASE_URL": database})
    finally:
        await server.stop()


def _call(title: str, command: str, file: Path, env: Mapping[str, str]) -> None:
    call = [packages.PYTHON, "-m", "chatapp", command, file]
    data = {"CHATAPP_DATA_DIR": str(up.make_place().data)}
    phases.run(title, call, name=command, env={**data, **env}, reasons=REASONS)
