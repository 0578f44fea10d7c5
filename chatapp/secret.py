"""The secret of this installation, from which each purpose has a key of its own."""

import hmac
import os
import secrets
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from chatapp.settings import settings

FILE = "secret"
"""Where it lies in the data folder, if no setting says it."""


@cache
def key_for(purpose: str) -> bytes:
    """The 32 bytes that all processes of this installation use for one purpose.

    Raises:
        OSError: no setting says the secret, and its file can be neither read nor written.
    """
    given = settings().secret
    root = given.get_secret_value().encode() if given else _kept(settings().data_dir / FILE)
    return hmac.digest(root, purpose.encode(), "sha256")


def keys_for(purpose: str) -> tuple[bytes, ...]:
    """The key for a purpose, then those of earlier secrets, which open what they once closed."""
    earlier = (before.get_secret_value().encode() for before in settings().secret_before)
    return key_for(purpose), *(hmac.digest(one, purpose.encode(), "sha256") for one in earlier)


def _kept(file: Path) -> bytes:
    """What the file holds; the first who looks makes it."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
    # Linked into place, so that nobody reads half of it and only the first one counts.
    handle, made = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as writing:
            writing.write(secrets.token_hex(32).encode())
        with suppress(FileExistsError):
            os.link(made, file)
    finally:
        Path(made).unlink()
    return file.read_bytes()
