"""A small disk of a test's own, which can be full."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

SIZE = 512 * 2**20
"""Bytes."""


class SmallDisk:
    """A file system in memory."""

    def __init__(self) -> None:
        # Not in pytest's folder: PostgreSQL is another user, who could not enter it.
        self.folder = Path(tempfile.mkdtemp(prefix="chatapp-disk-"))
        self._filler = self.folder / "filler"

    @staticmethod
    def possible() -> bool:
        """Whether this user may mount one."""
        return os.geteuid() == 0

    def __enter__(self) -> Self:
        self.folder.chmod(0o755)
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=777", "tmpfs", self.folder]
        subprocess.run(command, check=True, capture_output=True)
        return self

    def __exit__(self, *_error: object) -> None:
        # Lazily: whoever was killed a moment ago may still have a file open.
        subprocess.run(["umount", "-l", self.folder], check=True, capture_output=True)
        self.folder.rmdir()

    @contextmanager
    def full(self) -> Iterator[None]:
        """Leave no byte until the context ends."""
        try:
            with self._filler.open("wb") as file:
                while free := self._free():
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), free)
            yield
        finally:
            self._filler.unlink()

    def _free(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bfree * found.f_bsize
