"""What the end of an attempt means for the next ones, on a real Redis and on the embedded one."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from chatapp.pool.admission import Admission
from chatapp.pool.leases import Ending, Lease, Timing
from tests.pool.test_admission import FAIL, OK, admitted, members, refused, turns

REST = 400
"""How long a failing member rests here, in milliseconds."""

AUTH = Ending("auth", kind="auth")


@pytest.fixture
async def admission(any_redis: Redis) -> AsyncIterator[Admission]:
    admission = Admission(lambda: any_redis, Timing(open=REST, auth=REST, hold=REST))
    yield admission
    await admission.aclose()


async def end(admission: Admission, ending: Ending, times: int = 1) -> None:
    for _ in range(times):
        await admission.settle(await admitted(admission, members(a=1)), ending)


async def rested(admission: Admission) -> None:
    await asyncio.sleep((await refused(admission, members(a=1))).seconds + 0.005)


async def test_a_hold_is_kept_and_a_shorter_signal_never_shortens_it(admission: Admission):
    who = members(a=1)
    leases = [await admitted(admission, who) for _ in range(4)]
    for lease, hold in zip(leases, (0.2, 5.0, 0.1, None), strict=True):
        await admission.settle(lease, Ending("rate", hold=hold))
    wait = await refused(admission, who)
    assert wait.why == "rate"
    assert 4 < wait.seconds <= 5


async def test_without_a_hint_each_hold_in_a_row_is_longer(admission: Admission):
    await end(admission, Ending("rate"))
    assert (await refused(admission, members(a=1))).seconds <= REST / 1000
    await rested(admission)
    await end(admission, Ending("rate"))
    assert REST / 1000 < (await refused(admission, members(a=1))).seconds <= 2 * REST / 1000


async def test_many_refusals_at_once_are_one_reason_to_hold(admission: Admission):
    leases = [await admitted(admission, members(a=1)) for _ in range(10)]
    for lease in leases:
        await admission.settle(lease, Ending("rate"))
    assert (await refused(admission, members(a=1))).seconds <= REST / 1000


async def test_three_failures_in_a_row_open_the_breaker(admission: Admission):
    await end(admission, FAIL, 2)
    await end(admission, OK)
    await end(admission, FAIL, 3)
    wait = await refused(admission, members(a=1))
    assert wait.why == "fail"
    assert 0 < wait.seconds <= REST / 1000


async def test_half_of_the_last_ends_open_it_too(admission: Admission):
    for _ in range(5):
        await end(admission, OK)
        await end(admission, FAIL)
    assert (await refused(admission, members(a=1))).why == "fail"


async def test_what_the_question_is_to_blame_for_has_no_penalty(admission: Admission):
    await end(admission, Ending("client", kind="client"), 20)
    await end(admission, Ending("stopped"), 20)
    assert await turns(admission, members(a=1, b=1), 4) in {"abab", "baba"}


async def test_one_refused_key_takes_the_member_out_until_one_probe_succeeds(admission: Admission):
    await end(admission, AUTH)
    assert (await refused(admission, members(a=1))).why == "auth"
    await rested(admission)
    probe = await admitted(admission, members(a=1))
    assert probe.probe
    assert (await refused(admission, members(a=1))).why == "auth"
    await admission.settle(probe, AUTH)
    assert (await refused(admission, members(a=1))).seconds > REST / 1000  # longer each time
    await rested(admission)
    await end(admission, OK)
    assert not (await admitted(admission, members(a=1))).probe


async def test_exactly_one_probe_is_admitted_by_all(any_redis: Redis, admission: Admission):
    await end(admission, FAIL, 3)
    await rested(admission)
    others = [Admission(lambda: any_redis, Timing(open=REST)) for _ in range(2)]
    asked = [a.admit("fast", members(a=1)) for a in (admission, *others) for _ in range(20)]
    replies = await asyncio.gather(*asked)
    (probe,) = [reply for reply in replies if isinstance(reply, Lease)]
    assert probe.probe
    await admission.proved(probe)  # the first word of its answer
    for other in others:
        assert not (await admitted(other, members(a=1))).probe


async def test_a_failed_probe_doubles_the_rest_and_a_silent_one_leaves_it_to_the_next(
    admission: Admission,
):
    await end(admission, FAIL, 3)
    await rested(admission)
    for ending in (Ending("stopped"), Ending("client", kind="client"), Ending(None)):
        probe = await admitted(admission, members(a=1))
        assert probe.probe
        await admission.settle(probe, ending)
    await end(admission, FAIL)
    assert (await refused(admission, members(a=1))).seconds > REST / 1000


async def test_a_killed_probe_is_replaced(any_redis: Redis):
    admission = Admission(lambda: any_redis, Timing(open=1, lease=200))
    await end(admission, FAIL, 3)
    await asyncio.sleep(0.01)
    assert (await admitted(admission, members(a=1))).probe
    await rested(admission)
    assert (await settled(admission)).probe


async def settled(admission: Admission) -> Lease:
    """Whoever is admitted next."""
    reply = await admission.admit("fast", members(a=1))
    if isinstance(reply, Lease):
        return reply
    await asyncio.sleep(reply.seconds)
    return await settled(admission)


async def test_a_late_failure_of_an_old_answer_does_not_lengthen_the_rest(admission: Admission):
    old = [await admitted(admission, members(a=1)) for _ in range(6)]
    for lease in old:
        await admission.settle(lease, FAIL)
    assert (await refused(admission, members(a=1))).seconds <= REST / 1000


async def test_one_who_is_back_begins_slowly(admission: Admission):
    await end(admission, FAIL, 3)
    await rested(admission)
    await end(admission, OK)
    chosen = Counter(await turns(admission, members(a=1, b=1), 30))
    assert 1 <= chosen["a"] <= 8


async def test_who_is_preferred_is_not_rushed_upon_when_it_may_be_back(admission: Admission):
    await end(admission, FAIL, 3)
    await rested(admission)
    who, chosen = members(a=1, b=1), ""
    for _ in range(30):
        reply = await admission.admit("fast", who, prefer="a/a")
        assert isinstance(reply, Lease)
        await admission.settle(reply, OK)
        chosen += reply.member.model
    assert 1 <= Counter(chosen)["a"] <= 8


async def test_a_limit_shows_that_a_probed_member_lives(admission: Admission):
    await end(admission, FAIL, 3)
    await rested(admission)
    await end(admission, Ending("rate", hold=0.05))
    await asyncio.sleep(0.06)
    assert not (await admitted(admission, members(a=1))).probe
