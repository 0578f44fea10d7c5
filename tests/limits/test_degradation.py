"""Saving quota in steps: what is left of a tier's day, and what follows from it."""

import asyncio
from datetime import timedelta

import pytest

from chatapp import controls
from chatapp.database import now
from chatapp.limits import degradation
from chatapp.limits.degradation import (
    SMALL_TIER,
    STEPS,
    Step,
    announcements,
    left,
    small_tier,
    step,
)
from chatapp.pool.status import MemberStatus, Quota
from chatapp.settings import Settings

RESETS = now() + timedelta(hours=30)


def member(name: str, tier: str, *quotas: tuple[int, int]) -> MemberStatus:
    return MemberStatus(
        name=name,
        label=name,
        tiers=(tier,),
        state="healthy",
        why="",
        until=None,
        quotas=tuple(Quota("rpd", limit, still, RESETS) for still, limit in quotas),
        in_flight=0,
        concurrency=None,
        answers=0,
        first_token_p50_ms=None,
        first_token_p95_ms=None,
        errors={},
    )


@pytest.fixture
def members(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> list[MemberStatus]:
    found: list[MemberStatus] = []

    async def status() -> list[MemberStatus]:
        return list(found)

    monkeypatch.setattr(degradation, "status", status)
    monkeypatch.setattr(degradation, "FRESH", -1.0)
    return found


@pytest.mark.parametrize(
    ("still", "expected"),
    [
        (1000, Step.ALL),
        (200, Step.ALL),
        (199, Step.SHORTER_CONTEXT),
        (99, Step.SMALL_MODEL),
        (29, Step.CACHE_ONLY),
        (0, Step.WAITING),
    ],
)
async def test_the_steps_are_an_admins(
    members: list[MemberStatus], still: int, expected: Step
) -> None:
    await controls.change(STEPS, {"shorter_context": 20, "small_model": 10, "cache_only": 3}, None)
    members[:] = [
        member("a", "smart", (still // 2, 500)),
        member("b", "smart", (-(-still // 2), 500)),
    ]
    assert await step("smart") is expected
    told = await announcements("UTC")
    assert len(told) == (expected is not Step.ALL)
    assert all("It comes back" in line for line in told)
    await controls.change(STEPS, {"shorter_context": 0, "small_model": 0, "cache_only": 0}, None)
    assert await step("smart") in (Step.ALL, Step.WAITING)


async def test_a_tier_is_judged_by_its_own_members(members: list[MemberStatus]) -> None:
    members[:] = [member("a", "smart", (0, 500)), member("b", "fast", (500, 500))]
    assert (await left("smart")).share == 0
    assert (await left("fast")).share == 1
    assert (await left(None)).share == 0.5


async def test_people_are_told_which_tiers_are_saved_on(
    members: list[MemberStatus], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(degradation, "tiers", lambda: ("fast", "smart", "huge"))
    full, low = (500, 500), (45, 500)
    members[:] = [member("a", "fast", full), member("b", "smart", low), member("c", "huge", low)]
    (line,) = await announcements("UTC")
    assert line.startswith("Smart and Huge: To make the rest of the day’s quota last, a smaller")
    members[1:] = [member("b", "smart", full), member("c", "huge", (0, 500))]
    (line,) = await announcements("UTC")
    assert line.startswith("Huge: The day’s quota is used up: questions wait in line.")
    members[:] = [member(name, name, low) for name in ("fast", "smart", "huge")]
    (line,) = await announcements("UTC")
    assert line.startswith("To make the rest")
    members[:] = [member(name, name, full) for name in ("fast", "smart", "huge")]
    assert await announcements("UTC") == []


async def test_the_small_model_is_an_admins_or_that_of_the_tier_before(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = ("tiny", "fast", "smart")
    monkeypatch.setattr(degradation, "tiers", lambda: known)
    monkeypatch.setattr(degradation, "smaller_tiers", lambda tier: known[: known.index(tier)])
    assert [small_tier(tier) for tier in (*known, None)] == ["tiny", "tiny", "fast", None]
    await controls.change(SMALL_TIER, "tiny", None)
    assert small_tier("smart") == small_tier(None) == "tiny"
    await controls.change(SMALL_TIER, "gone", None)
    assert small_tier("smart") == "fast"


async def test_a_day_without_a_limit_is_never_scarce(members: list[MemberStatus]) -> None:
    members[:] = [member("a", "smart", (0, 500)), member("b", "smart")]
    assert await step("smart") is Step.ALL
    members.clear()
    assert await step(None) is Step.ALL


async def test_who_asks_in_a_rush_is_told_in_the_same_moment(
    members: list[MemberStatus], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(degradation, "FRESH", 60.0)
    members.append(member("a", "smart", (500, 1000)))
    looks, found, rounds = 0, degradation.status, 0

    async def status() -> list[MemberStatus]:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0)
        return await found()

    monkeypatch.setattr(degradation, "status", status)
    rush = asyncio.gather(*(announcements("UTC") for _ in range(200)))
    while not rush.done():
        await asyncio.sleep(0)
        rounds += 1
    assert await rush == [[]] * 200
    assert looks == 1
    assert rounds < 20


async def test_one_who_gives_up_leaves_the_others_their_look(
    members: list[MemberStatus], monkeypatch: pytest.MonkeyPatch
) -> None:
    known, found = asyncio.Event(), degradation.status

    async def status() -> list[MemberStatus]:
        await known.wait()
        return await found()

    monkeypatch.setattr(degradation, "status", status)
    members.append(member("a", "smart", (500, 1000)))
    first, second = (asyncio.create_task(left("smart")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    known.set()
    assert (await second).share == 0.5
