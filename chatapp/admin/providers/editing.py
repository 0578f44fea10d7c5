"""Changing accounts and members: from what was typed to what holds, with every mistake in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from chatapp import controls
from chatapp.admin.stale import WORDS
from chatapp.pool import service as pool
from chatapp.pool.changes import (
    CHANGES,
    AccountChange,
    MemberChange,
    PoolChanges,
    change_of,
    changed,
    place,
    place_of,
    seal,
)
from chatapp.pool.config import DEMO, ROLLING, PoolConfig
from chatapp.pool.days import known
from chatapp.pool.tables import NAME

NUMBERS = ("rpm", "tpm", "rpd", "concurrency", "context")
PRICES = ("price_in", "price_out")
PROVIDERS = {"groq": "Groq", "google": "Gemini", "openai": "OpenAI, or one that speaks like it"}

STALE = "version"
"""The field that tells what a form was made from, and the mistake that it holds no more."""

MOST = 10**12
KEY_LENGTHS = range(8, 401)

Mistakes = dict[str, str]
"""What is wrong with a field, by its name; ``""`` names the whole."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to hold, if there is no mistake."""

    changes: PoolChanges
    mistakes: Mistakes = field(default_factory=dict)
    seen: str = field(default_factory=lambda: CHANGES.version)
    """The version of all changes on which these are."""

    @property
    def emptied(self) -> list[str]:
        """The tiers in which nobody is left that could answer."""
        after = set(changed(pool.said(), self.changes).tiers)
        return [tier for tier in pool.tiers() if tier not in after]


def account(form: Mapping[str, Any]) -> Wanted:
    """An account added, or changed under its name. An empty key leaves the one that there is."""
    typed = _typed(form)
    mistakes: Mistakes = {}
    name, provider = typed.get("name", ""), typed.get("provider", "")
    config, changes = _now()
    there = next((each for each in config.accounts if each.name == name), None)
    mistakes |= _stale(typed, "account", name)
    if not NAME.fullmatch(name):
        mistakes["name"] = "Letters, digits, “.”, “-” and “_”, 64 at most."
    if typed.get("new") and there:
        mistakes["name"] = "There is already an account of this name."
    if provider not in PROVIDERS and not (there and there.provider == provider):
        mistakes["provider"] = "Choose one of the providers."
    base_url = typed.get("base_url", "").rstrip("/")
    if base_url and not _is_address(base_url):
        mistakes["base_url"] = "An http(s) address without user name, password and query."
    key = typed.get("key", "")
    if key and (len(key) not in KEY_LENGTHS or not key.isascii() or " " in key):
        mistakes["key"] = "This does not look like a key: 8 to 400 characters without spaces."
    if not key and not (there and there.api_key) and provider != DEMO:
        mistakes["key"] = "A new account needs a key."
    before = changes.accounts.get(name)
    made = AccountChange(
        provider=provider,
        title=typed.get("title", "")[:60],
        base_url=base_url or None,
        sealed_key=before.sealed_key if before else "",
        ending=before.ending if before else "",
    )
    if key and "key" not in mistakes:
        made.sealed_key, made.ending = seal(key), key[-4:]
    return Wanted(_with(changes, accounts={name: made}), mistakes)


def member(form: Mapping[str, Any]) -> Wanted:
    """A member added, or changed where it stands."""
    typed = _typed(form)
    mistakes: Mistakes = {}
    config, changes = _now()
    values: dict[str, Any] = {}
    for name in ("tier", "account", "model"):
        values[name] = typed.get(name, "")
    if not NAME.fullmatch(values["tier"]):
        mistakes["tier"] = "Letters, digits, “.”, “-” and “_”, 64 at most."
    if values["account"] not in {each.name for each in config.accounts}:
        mistakes["account"] = "There is no such account."
    if not values["model"] or not values["model"].isprintable() or len(values["model"]) > 200:
        mistakes["model"] = "The model’s name at the provider, one line."
    where = place(values["tier"], values["account"], values["model"])
    there = next((each for each in config.members if place_of(each) == where), None)
    mistakes |= _stale(typed, "member", where)
    if typed.get("new") and there:
        mistakes["model"] = "It is already in this tier."
    for name in ("weight", *NUMBERS):
        values[name] = _number(typed.get(name, ""), name, mistakes)
    values["weight"] = values["weight"] or 1
    for name in PRICES:
        values[name] = _price(typed.get(name, ""), name, mistakes)
    resets = typed.get("rpd_resets", "")
    if resets and resets != ROLLING and not known(resets):
        mistakes["rpd_resets"] = f"A time zone such as America/Los_Angeles, or “{ROLLING}”."
    values["rpd_resets"] = resets or None
    before = changes.members.get(where)
    for name in ("tools", "vision"):
        values[name] = bool(typed.get(name))
    values["price_cached"] = getattr(there, "price_cached", None)
    made = MemberChange(**values, off=bool(before and before.off)) if not mistakes else None
    return Wanted(_with(changes, members={where: made} if made else {}), mistakes)


def switched(where: str, *, off: bool) -> Wanted:
    """A member that is asked no more, or again."""
    config, changes = _now()
    found = next((each for each in config.members if place_of(each) == where), None)
    if found is None:
        return Wanted(changes, {"": "It is no longer there."})
    return Wanted(_with(changes, members={where: change_of(found, off=off)}))


def removed(kind: str, name: str) -> Wanted:
    """An account or a member that is not to be used: one of the file stays there, unused."""
    config, changes = _now()
    if kind == "member":
        found = next((each for each in config.members if place_of(each) == name), None)
        if found is None:
            return Wanted(changes, {"": "It is no longer there."})
        if name not in {place_of(each) for each in pool.said().members}:
            return Wanted(_without(changes, name))
        gone = change_of(found).model_copy(update={"removed": True})
        return Wanted(_with(changes, members={name: gone}))
    there = next((each for each in config.accounts if each.name == name), None)
    if there is None:
        return Wanted(changes, {"": "It is no longer there."})
    if name not in {each.name for each in pool.said().accounts}:
        return Wanted(_without(changes, name))
    gone = AccountChange(provider=there.provider, removed=True)
    return Wanted(_with(changes, accounts={name: gone}))


def as_said(name: str) -> Wanted:
    """An account or a member as the file or the environment says."""
    return Wanted(_without(_now()[1], name))


async def hold(wanted: Wanted, by: UUID) -> None:
    """Let a change hold, in all processes and for good.

    Raises:
        ValueError: there is a mistake in it, or nobody could answer.
        controls.Outdated: somebody else has saved in the same moment.
    """
    if wanted.mistakes or not changed(pool.said(), wanted.changes).members:
        raise ValueError("This change has a mistake.")
    await controls.change(CHANGES, wanted.changes, by, wanted.seen)


def version(kind: str, name: str) -> str:
    """Names what was changed of an account or a member, for the forms that are made from it."""
    changes = CHANGES.value.accounts if kind == "account" else CHANGES.value.members
    change = changes.get(name)
    return controls.version_of(change.model_dump(mode="json") if change else None)


def _stale(typed: Mapping[str, str], kind: str, name: str) -> Mistakes:
    seen = typed.get(STALE)
    return {} if seen in (None, version(kind, name)) else {STALE: WORDS}


def is_lost(action: str, name: str) -> str:
    """What cannot be brought back once it is done; empty: nothing."""
    changes = CHANGES.value
    if action == "undo":
        change = changes.accounts.get(name) or changes.members.get(name)
        if change is None or change.removed:
            return ""
        if isinstance(change, AccountChange) and change.sealed_key:
            return "What was changed here is forgotten, with the key that was typed."
        return "What was changed here is forgotten."
    if action == "remove account":
        said = name in {each.name for each in pool.said().accounts}
        asked = [each for each in _now()[0].members if each.account.name == name]
        words = f"“{name}” is not used any more"
        words += f", and its {len(asked)} models are not asked. " if asked else ". "
        return words + ("It can be used again." if said else "Its key is forgotten for good.")
    if action == "remove member":
        said = name in {place_of(each) for each in pool.said().members}
        words = f"“{name}” is not asked any more. "
        return words + ("It can be used again." if said else "Its limits are forgotten for good.")
    return ""


def _now() -> tuple[PoolConfig, PoolChanges]:
    return changed(pool.said(), CHANGES.value, with_off=True), CHANGES.value


def _with(
    changes: PoolChanges,
    accounts: Mapping[str, AccountChange] | None = None,
    members: Mapping[str, MemberChange] | None = None,
) -> PoolChanges:
    return PoolChanges(
        accounts={**changes.accounts, **(accounts or {})},
        members={**changes.members, **(members or {})},
    )


def _without(changes: PoolChanges, name: str) -> PoolChanges:
    accounts = {each: change for each, change in changes.accounts.items() if each != name}
    members = {each: change for each, change in changes.members.items() if each != name}
    return PoolChanges(accounts=accounts, members=members)


def _typed(form: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value).strip() for name, value in form.items() if value is not None}


def _number(text: str, name: str, mistakes: Mistakes) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:20]) <= MOST):
        mistakes[name] = "A whole number from 1, or nothing."
        return None
    return int(text)


def _price(text: str, name: str, mistakes: Mistakes) -> float:
    try:
        value = float(text or 0)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        mistakes[name] = "A number from 0."
        return 0.0
    return value


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname)
        valid = valid and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return valid and not (parts.username or parts.password or parts.query or parts.fragment)
