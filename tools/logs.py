"""The logs of an installation, none of which grows for ever."""

from pathlib import Path

LARGEST = 50_000_000
"""A log of so many bytes is put aside; what was put aside before is gone then."""


def size(log: Path) -> int:
    """Its size in bytes; 0 if there is none."""
    try:
        return log.stat().st_size
    except FileNotFoundError:
        return 0


def put_aside(log: Path) -> bool:
    """Put a log aside if it is too large. Who writes to it must open it anew."""
    if size(log) <= LARGEST:
        return False
    log.replace(log.with_suffix(".old.log"))
    return True


def says(log: Path, words: str, since: int = 0) -> bool:
    """Whether words stand in a log, after so many bytes; none always do."""
    if not words:
        return True
    with log.open("rb") as file:
        file.seek(since)
        return words.encode() in file.read()
