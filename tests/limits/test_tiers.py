"""Which tiers people may use: what their groups name, known to all processes at once."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from chatapp.accounts import groups
from chatapp.audit.models import AuditNote
from chatapp.controls import Outdated
from chatapp.database import new_id, reading, transaction
from chatapp.limits import admin, policy, tiers, tiers_repository
from chatapp.limits.tiers import NotYours, choices, offered, settled


@pytest.fixture(autouse=True)
def _three_tiers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "tiers", lambda: ("fast", "smart", "huge"))


async def test_who_is_in_several_groups_may_use_what_any_of_them_names(
    ada: UUID, eve: UUID
) -> None:
    await policy.load()
    everything = ["", "fast", "smart", "huge"]
    team, others = await groups.create("Team"), await groups.create("Others")
    silent = await groups.create("Silent")
    await groups.add(team.id, [ada])
    await groups.add(silent.id, [ada, eve])
    assert choices(ada) == offered(eve) == everything
    await admin.set_tiers(team.id, ["fast"], None)
    assert choices(ada) == ["fast"]
    assert offered(ada) == []
    assert choices(eve) == everything
    await groups.add(others.id, [ada])
    await admin.set_tiers(others.id, ["huge", "fast"], None)
    assert choices(ada) == offered(ada) == ["fast", "huge"]
    # All that there is, is what nobody has said anything of.
    await admin.set_tiers(team.id, ["smart"], None)
    assert choices(ada) == everything
    await admin.set_tiers(team.id, [], None)
    await groups.take_out(others.id, [ada])
    await policy.load()
    assert choices(ada) == everything


async def test_what_may_not_be_used_is_refused_and_what_was_usual_gives_way(ada: UUID) -> None:
    team = await groups.create("Team")
    await groups.add(team.id, [ada])
    await policy.load()
    assert settled(ada, None, None) is None
    assert settled(ada, None, "huge") == settled(ada, "huge", "fast") == "huge"
    await admin.set_tiers(team.id, ["fast", "smart"], None)
    assert settled(ada, None, None) == settled(ada, None, "huge") == "fast"
    assert settled(ada, None, "smart") == settled(ada, "smart", "fast") == "smart"
    with pytest.raises(NotYours, match=r"Huge is not among .* choose Fast or Smart"):
        settled(ada, "huge", None)
    await admin.set_tiers(team.id, ["gone"], None)
    assert choices(ada) == []
    with pytest.raises(NotYours, match="None of the models"):
        settled(ada, None, "fast")


async def test_processes_hear_of_tiers_and_those_who_follow_are_woken(ada: UUID) -> None:
    team = await groups.create("Team")
    await groups.add(team.id, [ada])
    woken = asyncio.Event()
    async with policy.following(), policy.woken(woken.set), asyncio.timeout(20):
        for named in (["fast"], ["smart"]):
            woken.clear()
            async with transaction() as session:
                await tiers_repository.set_tiers(session, team.id, named)
            await groups.changed()
            while choices(ada) != named:
                await woken.wait()
                woken.clear()


async def test_a_rule_is_noted_and_never_saved_over_what_was_not_seen(ada: UUID) -> None:
    team, by = await groups.create("Team"), new_id()
    await admin.set_tiers(team.id, ["fast"], by, seen=[])
    with pytest.raises(Outdated):
        await admin.set_tiers(team.id, ["huge"], by, seen=[])
    assert policy.tiers_of_groups()[team.id] == {"fast"}
    with pytest.raises(IntegrityError):
        await admin.set_tiers(new_id(), ["fast"], by)
    async with reading() as session:
        subject = AuditNote.subject == f"group:{team.id}"
        notes = (await session.exec(select(AuditNote).where(subject))).all()
    (note,) = [each for each in notes if each.action == "group.tiers-changed"]
    assert (note.before, note.after, note.by) == ({"tiers": []}, {"tiers": ["fast"]}, by)
