"""What one turn may use: times, tokens and seconds, without those that a person takes."""

from collections.abc import AsyncIterator

import pytest

from chatapp import controls
from chatapp.agents import budget
from chatapp.agents.budget import BUDGET, Budget, Spent
from chatapp.settings import Settings


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(budget, "monotonic", made)
    return made


@pytest.fixture
async def _small(installation: Settings) -> AsyncIterator[None]:
    await controls.change(BUDGET, Budget(steps=3, tokens=1000, seconds=10), by=None)
    yield
    await controls.change(BUDGET, Budget(), by=None)


@pytest.mark.usefixtures("_small")
async def test_the_last_time_is_kept_for_the_answer(clock: Clock) -> None:
    spent = Spent(0, 0)
    spent.asked(1)
    assert not spent.all_but_one
    spent.asked(1)
    assert spent.all_but_one
    assert Spent(2, 0).all_but_one


@pytest.mark.usefixtures("_small")
async def test_tokens_count_over_all_times_and_processes(clock: Clock) -> None:
    spent = Spent(1, 600)
    assert not spent.all_but_one
    spent.asked(400)
    assert spent.all_but_one


@pytest.mark.usefixtures("_small")
async def test_seconds_count_except_those_of_a_person(clock: Clock) -> None:
    spent = Spent(0, 0)
    clock.now += 9
    with spent.waiting():
        clock.now += 3600
    assert not spent.all_but_one
    clock.now += 1
    assert spent.all_but_one
