"""Who is admitted, on a real Redis and on the embedded one."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from chatapp.pool.admission import Admission
from chatapp.pool.config import Account, Member
from chatapp.pool.days import midnights
from chatapp.pool.leases import Ending, Lease, Timing, Wait
from chatapp.pool.signals import Told

ACCOUNT = Account("a", "openai")
OK = Ending("ok", spoke=True)
FAIL = Ending("fail", kind="fail")


def members(**weights: int) -> list[Member]:
    return [Member("fast", ACCOUNT, name, weight) for name, weight in weights.items()]


@pytest.fixture
async def admission(any_redis: Redis) -> AsyncIterator[Admission]:
    admission = Admission(lambda: any_redis)
    yield admission
    await admission.aclose()


async def admitted(admission: Admission, who: list[Member], tokens: int = 0) -> Lease:
    reply = await admission.admit("fast", who, tokens)
    assert isinstance(reply, Lease), reply
    return reply


async def refused(admission: Admission, who: list[Member], tokens: int = 0) -> Wait:
    reply = await admission.admit("fast", who, tokens)
    assert isinstance(reply, Wait), reply
    return reply


async def turns(admission: Admission, who: list[Member], count: int) -> str:
    chosen = ""
    for _ in range(count):
        lease = await admitted(admission, who)
        await admission.settle(lease, OK)
        chosen += lease.member.model
    return chosen


async def test_equal_members_alternate(admission: Admission):
    assert await turns(admission, members(a=1, b=1), 6) == "ababab"


async def test_weights_are_kept_smoothly(admission: Admission):
    assert await turns(admission, members(a=3, b=1), 8) == "aabaaaba"


async def test_shares_are_exact_over_many_concurrent_calls(admission: Admission):
    who = members(a=3, b=1, c=2)
    chosen = await asyncio.gather(*(admitted(admission, who) for _ in range(120)))
    assert Counter(lease.member.model for lease in chosen) == {"a": 60, "b": 20, "c": 40}


async def test_tiers_rotate_on_their_own(admission: Admission):
    who = members(a=1, b=1)
    first = [await admission.admit(tier, who) for tier in ("fast", "smart")]
    assert [lease.member.model for lease in first] == ["a", "a"]


async def test_a_member_that_always_fails_does_not_change_the_others_shares(admission: Admission):
    who = members(sick=1, a=1, b=1)
    answered: Counter[str] = Counter()
    for _ in range(60):
        lease = await admitted(admission, who)
        if lease.member.model == "sick":
            await admission.settle(lease, FAIL)
            lease = await admitted(admission, [m for m in who if m.model != "sick"])
        answered[lease.member.model] += 1
    assert abs(answered["a"] - answered["b"]) <= 3


async def test_those_passed_over_are_told_with_the_reason_and_the_time(admission: Admission):
    who = [replace(m, concurrency=1 if m.model == "busy" else None) for m in members(busy=1, a=1)]
    held = members(held=1, out=1)
    await admission.settle(await admitted(admission, held[:1]), Ending("rate", hold=60))
    await admission.settle(await admitted(admission, held[1:]), Ending("auth"))
    await admitted(admission, who[:1])
    lease = await admitted(admission, [*held, *who])
    assert lease.member.model == "a"
    passed = {one.member.model: one for one in lease.passed}
    assert {name: one.why for name, one in passed.items()} == {
        "held": "rate",
        "out": "auth",
        "busy": "concurrency",
    }
    assert 50 < passed["held"].seconds <= 60
    wait = await refused(admission, [*held, *who[:1]])
    assert [one.member.model for one in wait.passed] == ["held", "out", "busy"]
    assert wait.member.model == "busy"
    assert (await admitted(admission, members(a=1))).passed == ()


async def prefers(admission: Admission, who: list[Member], model: str) -> str:
    reply = await admission.admit("fast", who, prefer=f"a/{model}")
    assert isinstance(reply, Lease)
    await admission.settle(reply, OK)
    return reply.member.model


async def test_who_is_preferred_answers_and_takes_nobodys_turn(admission: Admission):
    who = members(a=1, b=1, c=1)
    chosen = ""
    for _ in range(6):
        chosen += await turns(admission, who, 1)
        assert [await prefers(admission, who, "c") for _ in range(5)] == ["c"] * 5
    assert chosen == "abcabc"


async def test_who_is_preferred_and_cannot_be_asked_is_passed_over(admission: Admission):
    who = [replace(m, rpm=2 if m.model == "c" else None) for m in members(a=1, b=1, c=1)]
    assert [await prefers(admission, who, "c") for _ in range(6)] == list("ccabab")
    assert [await prefers(admission, who, "gone") for _ in range(2)] == list("ab")


async def test_no_more_answers_at_once_than_allowed(admission: Admission):
    who = [replace(m, concurrency=2) for m in members(a=1)]
    first = await admitted(admission, who)
    await admitted(admission, who)
    assert (await refused(admission, who)).why == "concurrency"
    await admission.settle(first, OK)
    await admitted(admission, who)


async def test_a_killed_process_leaks_nothing_and_a_living_one_keeps_its_leases(any_redis: Redis):
    quick = Timing(lease=150)
    dead, alive = Admission(lambda: any_redis, quick), Admission(lambda: any_redis, quick)
    who = [replace(m, concurrency=2) for m in members(a=1)]
    await admitted(dead, who)
    async with alive.holding(await admitted(alive, who)):
        while (await any_redis.zcard("{pool}:a/a:leases")) == 2:
            await refused_or_back(alive, who)
        for _ in range(8):
            await asyncio.sleep(0.05)  # longer than a lease: it is renewed meanwhile
            assert (await alive.status(who))[1][1] >= 1
    await alive.aclose()


async def refused_or_back(admission: Admission, who: list[Member]) -> bool:
    reply = await admission.admit("fast", who)
    if isinstance(reply, Lease):
        await admission.settle(reply, OK)
        return True
    await asyncio.sleep(reply.seconds)
    return False


async def test_requests_a_minute_are_kept(any_redis: Redis):
    admission = Admission(lambda: any_redis, Timing(minute=600))
    who = [replace(m, rpm=3) for m in members(a=1)]
    for _ in range(3):
        await admission.settle(await admitted(admission, who), OK)
    wait = await refused(admission, who)
    assert wait.why == "rpm"
    assert 0 < wait.seconds <= 0.61
    await asyncio.sleep(wait.seconds + 0.01)
    await admitted(admission, who)


async def test_a_request_that_is_sent_late_counts_from_then(any_redis: Redis):
    admission = Admission(lambda: any_redis, Timing(minute=300))
    who = [replace(m, rpm=1) for m in members(a=1)]
    late = await admitted(admission, who)
    await asyncio.sleep(0.35)  # longer than a minute: the client had to be built first
    assert (await refused(admission, who)).why == "rpm"
    await admission.settle(late, Ending("ok", spoke=True, sent_ago=0.01))
    assert 0.2 < (await refused(admission, who)).seconds <= 0.3


async def test_tokens_are_reserved_and_corrected_by_what_was_used(admission: Admission):
    who = [replace(m, tpm=1000) for m in members(a=1)]
    lease = await admitted(admission, who, 500)
    assert lease.tokens == 800  # with what an answer may have
    assert (await refused(admission, who, 500)).why == "tpm"
    await admission.settle(lease, Ending("ok", spoke=True, tokens=520, written=20))
    second = await admitted(admission, who, 460)
    assert second.tokens == 480
    assert (await refused(admission, who)).why == "tpm"


async def test_a_question_larger_than_the_minute_is_let_try_when_nothing_else_is_used(
    admission: Admission,
):
    who = [replace(m, tpm=1000) for m in members(a=1)]
    assert (await admitted(admission, who, 5000)).tokens == 1000


async def test_a_place_that_was_not_used_is_given_back_whole(admission: Admission):
    who = [replace(m, rpm=1, rpd=1, concurrency=1) for m in members(a=1)]
    for _ in range(3):
        await admission.settle(await admitted(admission, who), Ending(None))
    await admitted(admission, who)


async def test_one_who_leaves_while_it_is_admitted_leaves_nothing_behind(
    any_redis: Redis, admission: Admission
):
    who = [replace(m, concurrency=1) for m in members(a=1)]
    asking = asyncio.ensure_future(admission.admit("fast", who))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    while not await refused_or_back(admission, who):
        pass


@pytest.mark.parametrize("resets", [None, "UTC"])
async def test_the_days_requests_are_kept(admission: Admission, resets: str | None):
    who = [replace(m, rpd=2, rpd_resets=resets) for m in members(a=1)]
    await turns(admission, who, 2)
    wait = await refused(admission, who)
    assert wait.why == "rpd"
    if resets is None:
        assert 86_400 - 1 < wait.seconds < 86_400 + 1_300
    else:
        assert 0 < wait.seconds <= 86_400


async def test_a_rolling_day_passes(any_redis: Redis):
    admission = Admission(lambda: any_redis, Timing(day=1000))
    who = [replace(m, rpd=2) for m in members(a=1)]
    await turns(admission, who, 2)
    wait = await refused(admission, who)
    await asyncio.sleep(wait.seconds)
    await admitted(admission, who)


def test_midnights_follow_the_clock_of_the_zone_also_when_it_changes():
    march_8 = 1_772_956_800  # 2026-03-08 08:00 UTC, midnight in California; that day has 23 hours
    last, following, after = midnights("America/Los_Angeles", march_8 + 60)
    assert last == march_8 * 1000
    assert following - last == 23 * 3_600_000
    assert after - following == 24 * 3_600_000


async def test_what_the_provider_tells_is_the_limit(admission: Admission):
    who = members(a=1)
    await admission.settle(
        await admitted(admission, who), Ending("ok", spoke=True, told=Told(rpd=10, used_day=9))
    )
    await admitted(admission, who)  # one of ten is left
    assert (await refused(admission, who)).why == "rpd"


async def test_others_who_use_the_account_count(admission: Admission):
    who = [replace(m, tpm=1000) for m in members(a=1)]
    lease = await admitted(admission, who, 10)
    told = Told(tpm=1000, used_tokens=900)
    await admission.settle(lease, Ending("ok", spoke=True, tokens=20, written=10, told=told))
    assert (await refused(admission, who, 100)).why == "tpm"
    await admitted(admission, who, 10)
