"""Copies of everything that must last: one file, which proves itself.

The file is a tar with the database, the installation's secret, and ``manifest.json``: how many rows
each table has and their checksum, taken in the very snapshot that is copied. Redis is not in it:
it holds what moves. Answers that were running are made again; what was counted against quotas and
limits begins at nothing.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatapp import secret
from chatapp.backup.copier import Contents, Copier, Tables, Unusable
from chatapp.backup.postgres import PostgresCopier
from chatapp.backup.sqlite import SqliteCopier
from chatapp.settings import settings

MANIFEST = "manifest.json"
DATABASE = "database"
DRAFT = ".chatapp-backup-"


def copier() -> Copier:
    """What copies the database of this installation."""
    scheme, _, rest = settings().direct_sqlalchemy_url.partition("://")
    if scheme.startswith("sqlite"):
        return SqliteCopier(Path(rest.removeprefix("/")))
    return PostgresCopier(f"postgresql://{rest}")


def back_up(to: Path) -> Tables:
    """Copy everything into a file, which is there only once it is whole.

    Raises:
        Unusable: it cannot be made.
    """
    with _workplace(to.parent) as inside:
        database = copier()
        tables = database.copy(inside / DATABASE)
        kept = settings().data_dir / secret.FILE
        if settings().secret is None and kept.is_file():
            shutil.copy(kept, inside / secret.FILE)
        manifest = {
            "made_at": datetime.now(UTC).isoformat(),
            "kind": database.kind,
            "tables": {name: asdict(contents) for name, contents in tables.items()},
            "files": {path.name: _digest(path) for path in sorted(inside.iterdir())},
        }
        (inside / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        made = inside / "backup.tar"
        with tarfile.open(made, "w") as archive:
            # First, so that it can be read without the rest.
            for name in (MANIFEST, *manifest["files"]):
                archive.add(inside / name, name)
        made.chmod(0o600)
        made.replace(to)
    return tables


@contextmanager
def _workplace(beside: Path) -> Iterator[Path]:
    """A folder to make a copy in, beside its place, where it can be moved at once; or to unpack it.

    What copies that were killed have left there goes. A lock, which ends with its process, tells it
    from what is being made.
    """
    beside.mkdir(parents=True, exist_ok=True)
    place = os.open(beside, os.O_RDONLY)
    try:
        with suppress(OSError):  # another copy is being made, or the disk knows no locks
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for left in beside.glob(f"{DRAFT}*"):
                shutil.rmtree(left)
        with suppress(OSError):
            fcntl.flock(place, fcntl.LOCK_SH)
        with tempfile.TemporaryDirectory(dir=beside, prefix=DRAFT) as folder:
            yield Path(folder)
    finally:
        os.close(place)


def restore(of: Path) -> Tables:
    """Fill the empty database of this installation, and compare what it then holds.

    Raises:
        Unusable: the file is broken, of another kind, or not what arrived; or somebody is there.
    """
    with _workplace(Path(tempfile.gettempdir())) as inside:
        manifest = _unpack(of, inside)
        database = copier()
        if manifest["kind"] != database.kind:
            raise Unusable(
                f"This is a copy of {manifest['kind']}, and the database here is {database.kind}."
            )
        if not database.is_empty():
            raise Unusable("There are accounts in this database: restore into an empty one.")
        wanted = {name: Contents(**contents) for name, contents in manifest["tables"].items()}
        found = database.restore(inside / DATABASE)
        if found != wanted:
            differing = sorted(
                name for name in {*wanted, *found} if wanted.get(name) != found.get(name)
            )
            database.clear()
            raise Unusable(
                f"What arrived is not what was copied: {', '.join(differing)}."
                " The database is empty again: take another copy."
            )
        _restore_secret(inside / secret.FILE)
    return found


def _restore_secret(copied: Path) -> None:
    kept = settings().data_dir / secret.FILE
    if copied.is_file() and settings().secret is None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft = kept.with_suffix(".new")
        shutil.copy(copied, draft)
        draft.chmod(0o600)
        draft.replace(kept)


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    try:
        with tarfile.open(file) as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content and Path(member.name).name == member.name:
                    with (folder / member.name).open("xb") as out:
                        shutil.copyfileobj(content, out)
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        files: dict[str, str] = manifest["files"]
        sound = all(_digest(folder / name) == digest for name, digest in files.items())
    except (OSError, tarfile.TarError, ValueError, KeyError) as error:
        raise Unusable(f"{file} is no copy of chatapp, or it is broken.") from error
    if not sound:
        raise Unusable(f"{file} is broken: it is not what was written.")
    return manifest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
