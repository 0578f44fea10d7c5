"""Limits on signing in and up: per account and per address, kept in Redis.

A try is paid for before the password is looked at and given back when it was right, so that a
hundred tries at once are a hundred tries. Whoever guesses from one address uses up the pair of
that address and the account, and then the address; guessing from many addresses uses up what
strangers together have for the account. An address from which the owner has signed in before is
no stranger, so nobody can lock owners out of the places that they work from.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from uuid import UUID

from chatapp.accounts.gcra import Limit, give_back, known, remember, take
from chatapp.accounts.problems import Problem, Refused

PAIR = Limit("pair", burst=10, every=30)
"""Wrong passwords for one account from one address."""

STRANGERS = Limit("strangers", burst=30, every=30)
"""Wrong passwords for one account from all addresses that its owner has not used."""

ADDRESS = Limit("address", burst=30, every=10)
"""Wrong passwords from one address."""

OWN_KEYS = Limit("own-keys", burst=10, every=360)
"""Keys that one person has checked at a provider."""

PICTURES = Limit("pictures", burst=20, every=120)
"""Pictures that one person uploads."""

SIGN_UPS = Limit("sign-ups", burst=40, every=20)
"""New accounts from one address: an office behind one address may arrive at once."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that was paid for."""

    account: str
    place: str
    paid: Sequence[tuple[Limit, str]]

    async def give_back(self) -> None:
        """Give the payment back."""
        await give_back(self.paid)

    async def succeeded(self) -> None:
        """Give the payment back and remember the address as the owner's."""
        await self.give_back()
        await remember(self.account + self.place)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def _place(address: str) -> str:
    """What one household or office has: an IPv4 address, or a /64 of IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return _digest("unknown")
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    if isinstance(parsed, IPv6Address):
        return _digest(parsed.packed[:8].hex())
    return _digest(str(parsed))


async def _pay(wanted: Sequence[tuple[Limit, str]]) -> None:
    if wait := await take(wanted):
        raise Refused(Problem.THROTTLED, math.ceil(wait))


async def attempt(account: str, address: str) -> Attempt:
    """Pay for a try at a password.

    Args:
        account: the e-mail tried, whether or not it exists, or another name of the account.
        address: the true address of the client.

    Raises:
        Refused: throttled; nothing was paid.
    """
    who, place = _digest(account), _place(address)
    paid = [(PAIR, who + place), (ADDRESS, place)]
    if not await known(who + place):
        paid.append((STRANGERS, who))
    await _pay(paid)
    return Attempt(who, place, paid)


async def own_key(user_id: UUID) -> None:
    """Pay for the check of a person's own key.

    Raises:
        Refused: throttled.
    """
    await _pay([(OWN_KEYS, user_id.hex)])


async def picture(user_id: UUID) -> None:
    """Pay for a picture that a person uploads.

    Raises:
        Refused: throttled.
    """
    await _pay([(PICTURES, user_id.hex)])


async def sign_up(address: str) -> None:
    """Pay for a new account.

    Raises:
        Refused: throttled.
    """
    await _pay([(SIGN_UPS, _place(address))])
