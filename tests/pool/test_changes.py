"""What admins change of the pool rules over its file, and comes and goes while it runs."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlmodel import select

from chatapp import controls, secret
from chatapp.admin.providers import editing
from chatapp.admin.providers.editing import Wanted
from chatapp.admin.providers.editing_views import pool_view
from chatapp.audit.models import AuditNote
from chatapp.controls.models import ControlValue
from chatapp.database import new_id, reading
from chatapp.pool import changes, service
from chatapp.settings import Settings, settings

KEY = "gsk_verysecretverysecret0042"
FILE = """
[[account]]
name = "groq"
provider = "groq"
api_key_env = "GROQ_API_KEY"

[[member]]
tier = "fast"
account = "groq"
model = "small"
price_cached = 0.3

[[member]]
tier = "smart"
account = "groq"
model = "large"
"""


@pytest.fixture(autouse=True)
def pool_of_a_file(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    file = installation.data_dir / "pool.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(FILE)
    monkeypatch.setenv("CHATAPP_POOL", str(file))
    monkeypatch.setenv("GROQ_API_KEY", "gsk-of-the-environment")
    settings.cache_clear()
    service._made.cache_clear()
    yield
    service._made.cache_clear()


async def held(wanted: Wanted) -> None:
    assert wanted.mistakes == {}
    await editing.hold(wanted, new_id())


def members() -> list[str]:
    return [f"{m.tier}:{m.name}" for m in service.pool().config.members]


def rules() -> dict[str, str]:
    view = pool_view()
    return {each["place"]: each["rules"] for each in view["members"]} | {
        each["name"]: each["rules"] for each in view["accounts"]
    }


async def test_a_member_is_changed_switched_off_removed_and_as_the_file_says_again() -> None:
    books = service.pool()._admission
    assert rules()["fast/groq/small"] == "From pool.toml"
    form = {"tier": "fast", "account": "groq", "model": "small", "weight": "3", "rpd": "50"}
    await held(editing.member(form))
    small = service.pool().config.members[0]
    assert (small.weight, small.rpd, small.price_cached) == (3, 50, 0.3)
    assert rules()["fast/groq/small"] == "Changed here"
    assert service.pool()._admission is books
    wanted = editing.switched("smart/groq/large", off=True)
    assert wanted.emptied == ["smart"]
    await held(wanted)
    assert members() == ["fast:groq/small"]
    with pytest.raises(ValueError, match="mistake"):
        await editing.hold(editing.switched("fast/groq/small", off=True), new_id())
    await held(editing.switched("smart/groq/large", off=False))
    await held(editing.removed("member", "fast/groq/small"))
    assert members() == ["smart:groq/large"]
    await held(editing.as_said("fast/groq/small"))
    assert members() == ["fast:groq/small", "smart:groq/large"]
    assert service.pool().config.members[0].weight == 1


async def test_an_account_is_added_with_a_key_that_nobody_sees_again() -> None:
    form = {"name": "second", "new": "yes", "provider": "groq", "key": KEY, "title": "Second"}
    await held(editing.account(form))
    await held(editing.member({"tier": "fast", "account": "second", "model": "m", "new": "yes"}))
    added = service.pool().config.members[-1]
    assert added.account.api_key is not None
    assert added.account.api_key.get_secret_value() == KEY
    assert rules() | {"second": "Added here", "fast/second/m": "Added here"} == rules()
    # Changed without a key, it keeps the one that it has.
    await held(editing.account({**form, "new": "", "key": "", "title": "Renamed"}))
    account = service.pool().config.accounts[-1]
    assert (account.title, account.api_key) == ("Renamed", added.account.api_key)
    async with reading() as session:
        kept = (await session.exec(select(ControlValue.value))).all()
        notes = (await session.exec(select(AuditNote))).all()
    told = f"{kept} {notes} {pool_view()} {service.pool()!r} {service.pool().config!r}"
    assert KEY not in told
    assert "…" not in pool_view()["accounts"][-1]["key"]
    assert pool_view()["accounts"][-1]["key"] == "kept sealed, ends in 0042"
    # What another process reads is the same.
    await controls.load()
    assert service.pool().config.accounts[-1].api_key == added.account.api_key
    await held(editing.removed("account", "second"))
    assert members() == ["fast:groq/small", "smart:groq/large"]


async def test_a_client_of_a_changed_key_is_another_one() -> None:
    member = service.pool().config.members[0]
    clients = service.pool()._clients
    before = await clients.get(member)
    assert await clients.get(member) is before
    await held(editing.account({"name": "groq", "provider": "groq", "key": KEY}))
    after = await clients.get(service.pool().config.members[0])
    assert after is not before
    await asyncio.gather(before.aclose(), service.close_pool())


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({"name": "a b", "provider": "groq", "key": KEY}, {"name"}),
        ({"name": "groq", "new": "yes", "provider": "groq", "key": KEY}, {"name"}),
        ({"name": "new", "provider": "evil", "key": "short"}, {"provider", "key"}),
        ({"name": "new", "provider": "openai"}, {"key"}),
        ({"name": "new", "provider": "openai", "key": KEY, "base_url": "ftp://x"}, {"base_url"}),
        (
            {"name": "n", "provider": "openai", "key": KEY, "base_url": "http://u:p@h/"},
            {"base_url"},
        ),
    ],
)
def test_a_mistake_in_an_account_is_named_beside_its_field(
    form: dict[str, str], wrong: set[str]
) -> None:
    assert set(editing.account(form).mistakes) == wrong


def test_a_mistake_in_a_member_is_named_beside_its_field() -> None:
    form = {
        "tier": "?",
        "account": "nobody",
        "model": "",
        "weight": "0",
        "rpm": "many",
        "rpd_resets": "Middle/Earth",
        "price_in": "-1",
    }
    assert set(editing.member(form).mistakes) == set(form)
    there = {"tier": "fast", "account": "groq", "model": "small", "new": "yes"}
    assert set(editing.member(there).mistakes) == {"model"}


async def test_a_key_is_sealed_anew_once_the_secret_is_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def with_secrets(now: str, before: str = "") -> None:
        monkeypatch.setenv("CHATAPP_SECRET", now)
        monkeypatch.setenv("CHATAPP_SECRET_BEFORE", before)
        settings.cache_clear()
        secret.key_for.cache_clear()

    def key() -> str | None:
        sealed = changes.CHANGES.value.accounts["groq"].sealed_key
        found = changes.opened(sealed)
        return found.get_secret_value() if found else None

    old, new = "o" * 32, "n" * 32
    with_secrets(old)
    await held(editing.account({"name": "groq", "provider": "groq", "key": KEY}))
    with_secrets(new, old)
    await changes.reseal()
    kept = changes.CHANGES.value
    await changes.reseal()
    assert changes.CHANGES.value is kept
    with_secrets(new)
    assert key() == KEY
    await controls.load()
    assert key() == KEY
    # What cannot be opened stays as it is, for the day on which the secret is found.
    with_secrets("z" * 32, "y" * 32)
    await changes.reseal()
    assert key() is None
    with_secrets(new)
    assert key() == KEY


async def test_a_form_that_was_made_from_what_holds_no_more_is_refused() -> None:
    def seen() -> str:
        return next(each for each in pool_view()["members"] if each["model"] == "small")["version"]

    form = {"tier": "fast", "account": "groq", "model": "small", "version": seen()}
    await held(editing.member({**form, "weight": "3"}))
    assert editing.member({**form, "weight": "7"}).mistakes.keys() == {"version"}
    # What is changed of others does not stand in its way.
    form["version"] = seen()
    await held(editing.account({"name": "groq", "provider": "groq", "title": "Ours"}))
    late = editing.member({**form, "weight": "7"})
    await held(editing.switched("smart/groq/large", off=True))
    # But what was made of all changes before another one is.
    with pytest.raises(controls.Outdated):
        await editing.hold(late, new_id())
    await held(editing.member({**form, "weight": "7"}))
    assert service.pool().config.members[0].weight == 7
