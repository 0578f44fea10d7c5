"""The pace of questions: never above burst + rate x time + 1, and as throttled-py's GCRA has it."""

import random
from datetime import timedelta
from types import SimpleNamespace

import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from fakeredis.commands_mixins import server_mixin
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from throttled import RateLimiterType, Throttled, rate_limiter, store, utils

from chatapp.database import new_id
from chatapp.limits.books import Admitted, Books, Denied
from chatapp.limits.policy import Limits
from chatapp.settings import Settings

START = 1_900_000_000.0


class Clock:
    """The time of the embedded Redis and of throttled-py's store."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = START
        monkeypatch.setattr(server_mixin, "time", SimpleNamespace(time=lambda: self.now))
        monkeypatch.setattr(utils, "now_mono_f", lambda: self.now)
        monkeypatch.setattr(utils, "now_sec", lambda: int(self.now))
        monkeypatch.setattr(utils, "now_mono", lambda: int(self.now), raising=False)


def limits(rate: int, burst: int) -> Limits:
    return Limits(questions_a_minute=rate, questions_in_a_row=burst)


async def admitted(books: Books, who: object, allowed: Limits) -> bool:
    reply = await books.admit(who, new_id(), new_id(), allowed, 1, None)  # pyright: ignore[reportArgumentType]
    assert isinstance(reply, Admitted | Denied)
    return isinstance(reply, Admitted)


schedules = st.lists(st.floats(0, 20, allow_nan=False), min_size=1, max_size=60)


@given(schedules, st.integers(1, 120), st.integers(1, 12))
@examples(max_examples=40, deadline=None)
async def test_never_above_burst_and_rate(gaps: list[float], rate: int, burst: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch)
        server = FakeAsyncRedis(server=FakeServer())
        books, who, passed = Books(lambda: server), new_id(), []
        for gap in gaps:
            clock.now += gap
            if await admitted(books, who, limits(rate, burst)):
                passed.append(clock.now)
        for n, begin in enumerate(passed):
            for m in range(n, len(passed)):
                allowed = burst + rate / 60 * (passed[m] - begin) + 1
                assert m - n + 1 <= allowed
        await server.aclose()


@pytest.mark.parametrize("seed", range(8))
async def test_as_throttled_py_on_the_same_schedule(
    installation: Settings, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    dice = random.Random(seed)
    rate, burst = dice.randint(2, 90), dice.randint(1, 15)
    clock = Clock(monkeypatch)
    server = FakeAsyncRedis(server=FakeServer())
    books, who = Books(lambda: server), new_id()
    quota = rate_limiter.per_duration(timedelta(minutes=1), rate, burst)
    oracle = Throttled(
        key="ada", using=RateLimiterType.GCRA.value, quota=quota, store=store.MemoryStore()
    )
    for _ in range(300):
        clock.now += dice.choice((0.01, 0.5, 1, 60 / rate, 5)) * dice.random()
        ours = await admitted(books, who, limits(rate, burst))
        assert ours is not oracle.limit().limited
    await server.aclose()
