"""Own keys are sealed with the installation's secret, which may change."""

from uuid import uuid4

import pytest

from chatapp import secret
from chatapp.accounts import own_keys, sealing
from chatapp.accounts.models import KeyUse
from chatapp.accounts.sealing import Unreadable, seal, unseal
from chatapp.accounts.sessions import SignedIn
from chatapp.settings import Settings, settings

KEY = "gsk_0wn5eCrEtOfAda7890abcd"


def with_secrets(monkeypatch: pytest.MonkeyPatch, now: str, before: str = "") -> None:
    monkeypatch.setenv("CHATAPP_SECRET", now)
    monkeypatch.setenv("CHATAPP_SECRET_BEFORE", before)
    settings.cache_clear()
    secret.key_for.cache_clear()


def test_a_seal_opens_for_its_owner_only(installation: Settings) -> None:
    owner = uuid4()
    sealed = seal(owner, KEY)
    assert unseal(owner, sealed) == KEY
    for who, what in ((uuid4(), sealed), (owner, sealed[:-6] + "AAAA=="), (owner, "x")):
        with pytest.raises(Unreadable) as refused:
            unseal(who, what)
        assert refused.value.__context__ is None
    assert seal(owner, KEY) != sealed


async def test_another_secret_opens_nothing_and_an_earlier_one_is_replaced(
    installation: Settings, admin: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = "o" * 32, "n" * 32
    with_secrets(monkeypatch, old)
    await own_keys.keep(admin.user.id, "groq", KEY, KeyUse.DRY)
    with_secrets(monkeypatch, new)
    assert await own_keys.usable(admin.user.id) == []
    with_secrets(monkeypatch, new, f"{'z' * 32}, {old}")
    assert [one.secret.get_secret_value() for one in await own_keys.usable(admin.user.id)] == [KEY]
    await own_keys.reseal()
    (kept,) = await own_keys.keys(admin.user.id)
    assert sealing.is_of_today(kept.sealed)
    with_secrets(monkeypatch, new)
    assert [one.secret.get_secret_value() for one in await own_keys.usable(admin.user.id)] == [KEY]
    assert old not in repr(settings())
