"""What each kind of database knows of being copied."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path


class Unusable(Exception):
    """Why a copy cannot be made or restored, as one sentence."""


@dataclass(frozen=True, slots=True)
class Contents:
    """How many rows a table has, and a sum over all of them that knows no order."""

    rows: int
    checksum: str


Tables = dict[str, Contents]


class Copier(ABC):
    """Copies one database."""

    kind: str

    @abstractmethod
    def copy(self, to: Path) -> Tables:
        """Write a copy to a file; what it holds.

        Raises:
            Unusable: it cannot be made.
        """

    @abstractmethod
    def is_empty(self) -> bool:
        """Whether nobody has an account here yet."""

    @abstractmethod
    def clear(self) -> None:
        """Remove what is there, of which nobody has an account."""

    @abstractmethod
    def restore(self, of: Path) -> Tables:
        """Make the database what a file holds; what it then holds.

        Raises:
            Unusable: the file is broken, or the database refuses.
        """
