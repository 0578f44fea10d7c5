"""Who acts: the signed-in person, as the rest of the product sees them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from chatapp.accounts.models import Role


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """A person with a valid session."""

    id: UUID
    email: str
    name: str
    role: Role
    session_id: UUID
    zone: str = ""
    """The time zone that their browser said last."""

    @property
    def is_admin(self) -> bool:
        """Whether this person runs the installation."""
        return self.role == Role.ADMIN


class SignedOut(Exception):
    """Nobody is signed in."""


_current: ContextVar[CurrentUser | None] = ContextVar("current_user", default=None)


def current_user() -> CurrentUser:
    """The person in whose name this task runs.

    Raises:
        SignedOut: nobody is signed in.
    """
    if (user := _current.get()) is None:
        raise SignedOut
    return user


def become(user: CurrentUser | None) -> None:
    """Let the rest of this task run in the name of ``user``, or of nobody."""
    _current.set(user)


@contextmanager
def acting_as(user: CurrentUser | None) -> Iterator[None]:
    """Run a block in the name of ``user``."""
    before = _current.set(user)
    try:
        yield
    finally:
        _current.reset(before)
