"""People's own keys at providers: kept sealed, opened for their owner's questions only."""

import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from pydantic import SecretStr

from chatapp.accounts import own_key_repository as repository
from chatapp.accounts.models import KeyUse, OwnKey
from chatapp.accounts.sealing import Unreadable, is_of_today, seal, unseal
from chatapp.broadcast import listening, tell
from chatapp.database import now, reading, transaction
from chatapp.settings import settings

logger = logging.getLogger(__name__)

CHANNEL = "chatapp:own-keys"

SHORTEST, LONGEST = 8, 400
"""The lengths of a key, in characters."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A key that may be used for its owner now."""

    id: UUID
    provider: str
    use: KeyUse
    secret: SecretStr


def cleaned(text: str) -> str:
    """What was typed as a key, without what comes along when it is copied; empty: it is none."""
    key = text.strip()
    fits = SHORTEST <= len(key) <= LONGEST and key.isascii() and key.isprintable()
    return key if fits and " " not in key else ""


async def keep(user_id: UUID, provider: str, key: str, use: KeyUse) -> None:
    """Keep a key that was checked, in place of an earlier one at the same provider."""
    sealed = OwnKey(
        user_id=user_id, provider=provider, sealed=seal(user_id, key), ending=key[-4:], use=use
    )
    async with transaction() as session:
        await repository.remove_provider(session, user_id, provider)
        session.add(sealed)
    await changed()


async def set_use(user_id: UUID, key_id: UUID, use: KeyUse) -> bool:
    """Say when a key is used. False: there is no such key of this person."""
    async with transaction() as session:
        return await repository.set_use(session, user_id, key_id, use)


async def remove(user_id: UUID, key_id: UUID) -> bool:
    """Forget a key. False: there is no such key of this person."""
    async with transaction() as session:
        gone = await repository.remove(session, user_id, key_id)
    await changed()
    return gone


async def refuse(user_id: UUID, key_id: UUID) -> None:
    """The provider does not take a key any more: its owner is told in the settings."""
    async with transaction() as session:
        await repository.set_refused(session, user_id, key_id, now())


async def keys(user_id: UUID) -> Sequence[OwnKey]:
    """The keys of a person as they are shown: without the keys themselves."""
    async with reading() as session:
        return await repository.keys(session, user_id)


async def usable(user_id: UUID) -> list[Opened]:
    """The keys that may be used for a person's questions. It asks nobody for who has none."""
    if user_id not in _owners():
        return []
    found = []
    for key in await keys(user_id):
        if key.refused_at is not None:
            continue
        try:
            secret = SecretStr(unseal(user_id, key.sealed))
        except Unreadable:
            logger.error("A person's own key cannot be opened with the secrets that are set")
            continue
        found.append(Opened(key.id, key.provider, KeyUse(key.use), secret))
    return found


async def reseal() -> None:
    """Seal with the present secret what an earlier one has sealed."""
    if not settings().secret_before:
        return
    async with transaction() as session:
        for key in await repository.all_keys(session):
            if is_of_today(key.sealed):
                continue
            try:
                key.sealed = seal(key.user_id, unseal(key.user_id, key.sealed))
            except Unreadable:
                continue


def following() -> AbstractAsyncContextManager[None]:
    """Know who has keys for as long as this is open: nobody else is looked up for each answer."""
    return listening(CHANNEL, _heard, load)


async def load() -> None:
    """Look up who has keys."""
    async with reading() as session:
        found = await repository.owners(session)
    owners = _owners()
    owners.clear()
    owners.update(found)


@cache
def _owners() -> set[UUID]:
    return set()


async def _heard(_message: bytes) -> None:
    await load()


async def changed() -> None:
    """Tell all processes that somebody has other keys, or none any more."""
    await load()
    await tell(CHANNEL, "changed")
