"""Secrets of people as the database may have them: sealed, and each of use to its owner only."""

from base64 import urlsafe_b64encode
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from chatapp.secret import keys_for

PURPOSE = "own keys"


class Unreadable(Exception):
    """It was sealed by another secret, for another person, or is broken."""


def seal(owner: UUID, text: str) -> str:
    """Seal a text for its owner."""
    return _seals()[0].encrypt(owner.bytes + text.encode()).decode()


def unseal(owner: UUID, sealed: str) -> str:
    """The text that was sealed for this owner.

    Raises:
        Unreadable: it cannot be opened, or is another's.
    """
    try:
        opened = MultiFernet(_seals()).decrypt(sealed.encode())
    except InvalidToken:
        # Nothing of what was tried is to be seen in a traceback.
        opened = b""
    if opened[:16] != owner.bytes:
        raise Unreadable
    return opened[16:].decode()


def is_of_today(sealed: str) -> bool:
    """Whether it was sealed by the present secret."""
    try:
        _seals()[0].decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def _seals() -> list[Fernet]:
    return [Fernet(urlsafe_b64encode(key)) for key in keys_for(PURPOSE)]
