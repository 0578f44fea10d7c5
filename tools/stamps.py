"""Stamps: a phase whose inputs have not changed since it last ended well is not done again."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

SKIPPED = frozenset({"__pycache__", "node_modules", "external"})


def files(*roots: Path) -> list[Path]:
    """The files under the roots, in a fixed order; a root may be a file, or absent."""
    found = set()
    for root in roots:
        inside = root.rglob("*") if root.is_dir() else [root]
        found.update(path for path in inside if path.is_file() and SKIPPED.isdisjoint(path.parts))
    return sorted(found)


def digest(paths: Iterable[Path], *facts: str) -> str:
    """One number for the names and contents of files and for other facts."""
    total = hashlib.sha256()
    for fact in facts:
        total.update(f"{len(fact)}:{fact}".encode())
    for path in paths:
        total.update(f"{path}:".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


class Stamp:
    """The digest of the inputs with which a phase last ended well."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fits(self, value: str) -> bool:
        """Whether the phase ended well with just these inputs."""
        return self._path.is_file() and self._path.read_text() == value

    def clear(self) -> None:
        """Before the phase: should it be interrupted, it is done again."""
        self._path.unlink(missing_ok=True)

    def set(self, value: str) -> None:
        """After the phase."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.write_text(value)
        draft.replace(self._path)
