"""Accounts and members as the page that changes them shows them: never a key."""

from typing import TypedDict

from chatapp.admin.providers.editing import NUMBERS, PRICES, version
from chatapp.pool import service as pool
from chatapp.pool.changes import CHANGES, changed, place_of
from chatapp.pool.config import Account, Member
from chatapp.settings import settings


class AccountEditView(TypedDict):
    """An account. ``key`` is what may be told of it."""

    name: str
    title: str
    provider: str
    base_url: str
    key: str
    version: str
    rules: str
    mine: bool
    removed: bool


class MemberEditView(TypedDict):
    """A member, with what stands in its form."""

    place: str
    tier: str
    account: str
    model: str
    words: str
    values: dict[str, str]
    version: str
    tools: bool
    vision: bool
    rules: str
    mine: bool
    off: bool
    removed: bool


class PoolView(TypedDict):
    """All that the page shows. ``revision`` counts, so that forms are filled anew."""

    source: str
    accounts: list[AccountEditView]
    members: list[MemberEditView]
    tiers: list[str]


def pool_view() -> PoolView:
    """What is in the pool, and who says so."""
    said, changes = pool.said(), CHANGES.value
    source = settings().pool.name if settings().pool.is_file() else "the environment"
    config = changed(said, changes, with_off=True)
    known_accounts = {each.name for each in said.accounts}
    known_members = {place_of(each) for each in said.members}
    accounts = [_account(each, source, known_accounts) for each in config.accounts]
    members = [_member(each, source, known_members) for each in config.members]
    for account in said.accounts:
        change = changes.accounts.get(account.name)
        if change and change.removed:
            accounts.append(_account(account, source, known_accounts, removed=True))
    for member in said.members:
        changed_member = changes.members.get(place_of(member))
        if changed_member and changed_member.removed:
            members.append(_member(member, source, known_members, removed=True))
    tiers = list(dict.fromkeys(each["tier"] for each in members))
    members.sort(key=lambda each: tiers.index(each["tier"]))
    return {"source": source, "accounts": accounts, "members": members, "tiers": tiers}


def _rules(name: str, source: str, known: set[str], here: bool) -> str:
    if name not in known:
        return "Added here"
    return "Changed here" if here else f"From {source}"


def _account(
    account: Account, source: str, known: set[str], *, removed: bool = False
) -> AccountEditView:
    change = CHANGES.value.accounts.get(account.name)
    if change and change.sealed_key:
        key = f"kept sealed, ends in {change.ending}"
        if account.api_key is None:
            key = "cannot be opened: write it anew"
    else:
        key = "from the environment" if account.api_key else "none"
    return {
        "name": account.name,
        "title": account.title,
        "provider": account.provider,
        "base_url": account.base_url or "",
        "key": key,
        "version": version("account", account.name),
        "rules": _rules(account.name, source, known, change is not None),
        "mine": change is not None,
        "removed": removed,
    }


def _member(
    member: Member, source: str, known: set[str], *, removed: bool = False
) -> MemberEditView:
    where = place_of(member)
    change = CHANGES.value.members.get(where)
    values = {name: _text(getattr(member, name)) for name in ("weight", *NUMBERS, *PRICES)}
    limits = [
        f"{values[name]} {words}"
        for name, words in (("rpm", "a minute"), ("rpd", "a day"), ("concurrency", "at once"))
        if values[name]
    ]
    return {
        "place": where,
        "tier": member.tier,
        "account": member.account.name,
        "model": member.model,
        "words": ", ".join([f"weight {member.weight}", *limits]),
        "values": values | {"rpd_resets": member.rpd_resets or ""},
        "version": version("member", where),
        "tools": member.tools,
        "vision": member.vision,
        "rules": _rules(where, source, known, change is not None),
        "mine": change is not None,
        "off": bool(change and change.off),
        "removed": removed,
    }


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
