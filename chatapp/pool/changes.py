"""What admins have changed of the pool, over what its file or the environment says.

A change rules until it is taken back; what it does not name is as the file says. Keys are sealed
with the installation's secret and opened for the clients alone.
"""

import logging
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import BaseModel, Field, SecretStr

from chatapp import controls
from chatapp.controls import Control, Outdated
from chatapp.pool.config import Account, Member, PoolConfig
from chatapp.secret import keys_for
from chatapp.settings import settings

logger = logging.getLogger(__name__)

PURPOSE = "pool keys"


class AccountChange(BaseModel):
    """An account that was added or changed, or is not to be used."""

    provider: str
    title: str = ""
    base_url: str | None = None
    sealed_key: str = ""
    """Empty: the key is that of the file, if it has one."""
    ending: str = ""
    """The last characters of the key, by which people know it."""
    removed: bool = False


class MemberChange(BaseModel):
    """A member that was added or changed, or is not to be asked."""

    tier: str
    account: str
    model: str
    weight: int = Field(default=1, ge=1)
    rpm: int | None = None
    tpm: int | None = None
    rpd: int | None = None
    rpd_resets: str | None = None
    concurrency: int | None = None
    context: int | None = None
    price_in: float = 0.0
    price_out: float = 0.0
    price_cached: float | None = None
    tools: bool = True
    vision: bool = False
    off: bool = False
    removed: bool = False


class PoolChanges(BaseModel):
    """All changes: accounts by their names, members by :func:`place`."""

    accounts: dict[str, AccountChange] = Field(default_factory=dict)
    members: dict[str, MemberChange] = Field(default_factory=dict)


CHANGES = Control(
    "pool.changes",
    PoolChanges,
    PoolChanges(),
    "What was changed of the accounts and models on the page about providers.",
)

LEAST, MOST = 0.5, 1.5
"""A weight is multiplied by no less and no more."""

FEEDS = Control(
    "pool.quality_weights",
    bool,
    False,
    "Whether members that answer more reliably and are liked more get more turns: each weight is "
    f"multiplied by {LEAST} to {MOST}, looked at once an hour.",
)

_FIELDS = set(MemberChange.model_fields) - {"tier", "account", "model", "off", "removed"}


def place(tier: str, account: str, model: str) -> str:
    """Where a member stands: what is changed of it is kept under this name."""
    return f"{tier}/{account}/{model}"


def place_of(member: Member) -> str:
    """Where a member stands."""
    return place(member.tier, member.account.name, member.model)


def change_of(member: Member, *, off: bool = False) -> MemberChange:
    """A member as a change that changes nothing else."""
    values = {name: getattr(member, name) for name in _FIELDS}
    return MemberChange(
        tier=member.tier, account=member.account.name, model=member.model, off=off, **values
    )


def changed(config: PoolConfig, changes: PoolChanges, *, with_off: bool = False) -> PoolConfig:
    """The pool as it is with its changes.

    Args:
        config: what the file or the environment says.
        changes: what was changed.
        with_off: whether those that are switched off are in it as well.
    """
    accounts = _accounts(config, changes)
    members: dict[str, Member] = {}
    for member in config.members:
        if account := accounts.get(member.account.name):
            members[place_of(member)] = _with_account(member, account)
    for name, change in changes.members.items():
        account = accounts.get(change.account)
        if change.removed or account is None or (change.off and not with_off):
            members.pop(name, None)
            continue
        values = {field: getattr(change, field) for field in _FIELDS}
        members[name] = Member(change.tier, account, change.model, **values)
    return PoolConfig(tuple(accounts.values()), tuple(members.values()))


SCALE = 20
"""Weights are so many times finer when they are multiplied."""


def weighed(config: PoolConfig, factors: Mapping[str, float]) -> PoolConfig:
    """The pool with other weights: of those that are named, by their factors."""
    if not factors:
        return config
    members = tuple(
        replace(member, weight=max(1, round(member.weight * SCALE * factors.get(member.name, 1.0))))
        for member in config.members
    )
    return PoolConfig(config.accounts, members)


def _accounts(config: PoolConfig, changes: PoolChanges) -> Mapping[str, Account]:
    accounts = {account.name: account for account in config.accounts}
    for name, change in changes.accounts.items():
        if change.removed:
            accounts.pop(name, None)
            continue
        before = accounts.get(name)
        key = opened(change.sealed_key) if change.sealed_key else before and before.api_key
        accounts[name] = Account(
            name=name,
            provider=change.provider,
            api_key=key or None,
            base_url=change.base_url,
            title=change.title,
        )
    return accounts


def _with_account(member: Member, account: Account) -> Member:
    if member.account is account:
        return member
    values = {field: getattr(member, field) for field in _FIELDS}
    return Member(member.tier, account, member.model, **values)


def seal(key: str) -> str:
    """A key as the database may have it."""
    return _seals()[0].encrypt(key.encode()).decode()


def opened(sealed: str) -> SecretStr | None:
    """A key that was sealed; None: it was sealed with a secret that is not known any more."""
    try:
        return SecretStr(MultiFernet(_seals()).decrypt(sealed.encode()).decode())
    except InvalidToken:
        logger.error("A provider's key cannot be opened with the secrets that are set")
        return None


async def reseal() -> None:
    """Seal with the present secret what an earlier one has sealed."""
    if not settings().secret_before:
        return
    seen, changes = CHANGES.version, CHANGES.value.model_copy(deep=True)
    old = [each for each in changes.accounts.values() if not _is_of_today(each.sealed_key)]
    for account in old:
        if key := opened(account.sealed_key):
            account.sealed_key = seal(key.get_secret_value())
    if changes != CHANGES.value:
        # An admin who saves in this moment wins; the next time comes soon.
        with suppress(Outdated):
            await controls.change(CHANGES, changes, None, seen)


def _is_of_today(sealed: str) -> bool:
    if not sealed:
        return True
    try:
        _seals()[0].decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def _seals() -> list[Fernet]:
    return [Fernet(urlsafe_b64encode(key)) for key in keys_for(PURPOSE)]
