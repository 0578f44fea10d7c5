"""A Redis whose clock jumps back: what is counted by it is not counted for an hour."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from fakeredis import FakeAsyncRedis, FakeServer

from chatapp.pool.admission import Admission
from chatapp.pool.leases import Ending
from tests.harness.clock import Clock
from tests.pool.test_admission import FAIL, OK, admitted, members, refused


@pytest.fixture
async def admission() -> AsyncIterator[Admission]:
    client = FakeAsyncRedis(server=FakeServer())
    admission = Admission(lambda: client)
    yield admission
    await admission.aclose()
    await client.aclose()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.mark.parametrize("hours", [-1, 1])
@pytest.mark.parametrize("ending", [OK, None])
async def test_a_full_minute_passes_in_a_minute(
    admission: Admission, clock: Clock, hours: int, ending: Ending | None
) -> None:
    who = [replace(m, rpm=2) for m in members(a=1)]
    for _ in range(2):
        lease = await admitted(admission, who)
        if ending:
            await admission.settle(lease, ending)
    assert (await refused(admission, who)).why == "rpm"
    clock.jump(hours=hours)
    if hours < 0:
        wait = await refused(admission, who)
        assert wait.why == "rpm"
        assert wait.seconds <= 65
        clock.jump(seconds=wait.seconds + 1)
    await admitted(admission, who)


async def test_a_member_that_rests_is_tried_again(admission: Admission, clock: Clock) -> None:
    who = members(a=1)
    for _ in range(3):
        await admission.settle(await admitted(admission, who), FAIL)
    assert (await refused(admission, who)).why == "fail"
    clock.jump(hours=-1)
    await admission.settle(await admitted(admission, who), OK)
    await admitted(admission, who)
