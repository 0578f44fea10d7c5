"""The order of the waiting line: one for all, light users first, and nobody for ever."""

import heapq
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from statistics import mean
from typing import cast
from uuid import UUID

import pytest
from fakeredis import FakeAsyncRedis
from redis.asyncio import Redis

from chatapp.answers.order import LEASE, SILENCE, Order, Waiting
from chatapp.answers.turn import EACH, FURTHEST
from chatapp.database import new_id

CLOCK = "local now = tonumber(redis.call('GET', '{line:}:now'))\n"
"""A clock that the test sets."""

MOST = 10_000

Clock = Callable[[float], Awaitable[None]]


@pytest.fixture
def at(any_redis: Redis) -> Clock:
    """Sets the clock, in seconds."""

    async def set_clock(seconds: float) -> None:
        await any_redis.set("{line:}:now", round(1_000_000 + seconds * 1000))

    return set_clock


def order(any_redis: Redis) -> Order:
    """The line as one process sees it."""
    return Order("", lambda: any_redis, CLOCK)


def waiting(number: int, back: float = 0) -> Waiting:
    return Waiting(UUID(int=number), back)


async def test_places_are_by_arrival_and_by_what_was_used_lately(
    any_redis: Redis, at: Clock
) -> None:
    here, there = order(any_redis), order(any_redis)
    early, heavy, late, later = waiting(1), waiting(2, back=3), waiting(3), waiting(4)
    await at(0)
    await here.look([early, heavy], MOST)
    await at(2)
    look = await there.look([late], MOST)
    assert (look.length, look.first) == (3, early.id)
    await here.look([early, heavy], MOST)
    assert [one.place for one in (early, late, heavy)] == [1, 2, 3]
    # Waiting counts: who comes after the heavy one has waited as long stands behind.
    await at(4)
    await there.look([late, later], MOST)
    await here.look([early, heavy], MOST)
    assert (heavy.place, later.place) == (3, 4)


async def test_the_dead_are_passed_over_and_then_forgotten(any_redis: Redis, at: Clock) -> None:
    dead, alive = order(any_redis), order(any_redis)
    first, second = waiting(1), waiting(2)
    await at(0)
    await dead.look([first], MOST)
    await at(1)
    assert (await alive.look([second], MOST)).first == first.id
    await at(SILENCE + 0.1)
    look = await alive.look([second], MOST)
    assert (look.first, look.length, second.place) == (second.id, 2, 2)
    # Until then another process may go on with it, in its place.
    await at(LEASE - 0.1)
    await alive.look([second], MOST)
    taken_over = waiting(1)
    assert (await order(any_redis).look([taken_over], MOST)).first == first.id
    assert taken_over.place == 1
    await at(2 * LEASE)
    assert (await alive.look([second], MOST)).length == 1


async def test_no_more_than_so_many_wait(any_redis: Redis, at: Clock) -> None:
    await at(0)
    crowd = [waiting(number) for number in range(1, 6)]
    await order(any_redis).look(crowd, 3)
    assert [one.place for one in crowd] == [1, 2, 3, 0, 0]
    # Who stands there stays, also when the line was forgotten and others were quicker.
    await any_redis.flushdb()
    await at(1)
    await order(any_redis).look([waiting(number) for number in range(7, 10)], 3)
    await order(any_redis).look(crowd[:3], 3)
    assert [one.place for one in crowd[:3]] == [1, 2, 3]


async def test_all_know_until_when_nobody_can_be_asked(any_redis: Redis, at: Clock) -> None:
    here, there = order(any_redis), order(any_redis)
    await at(0)
    await here.look([waiting(1)], MOST, shut=90)
    await at(10)
    assert (await there.look([waiting(2)], MOST)).shut == 80
    assert await here.leave(UUID(int=1), asked=True) == UUID(int=2)
    assert (await there.look([waiting(2)], MOST)).shut == 0


async def test_the_pace_is_that_of_the_last_who_were_asked(any_redis: Redis, at: Clock) -> None:
    line = order(any_redis)
    for number in range(1, 21):
        await at(number * 4)
        assert (await line.look([waiting(number)], MOST)).pace is None or number > 5
        await line.leave(UUID(int=number), asked=True)
    look = await line.look([waiting(21)], MOST)
    assert look.pace is not None
    assert 0.2 < look.pace < 0.3


@dataclass
class Person:
    """Somebody who asks, and how it went."""

    each: float
    """Seconds between two questions, on the average."""
    asked: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def back(self, now: float) -> float:
        lately = (moment for moment in self.asked if moment > now - 6 * 3600)
        return min(EACH * sum(0.5 ** ((now - moment) / 3600) for moment in lately), FURTHEST)


class Day:
    """People who ask in three processes, and room for fewer questions than they have at noon."""

    STEP = 60.0

    def __init__(self, any_redis: Redis, people: int, a_minute: float) -> None:
        self.people = [Person(600 if n % 20 == 0 else 4 * 3600) for n in range(people)]
        self.asked: list[UUID] = []
        self.history: list[tuple[float, float]] = []
        """When who was asked had come, and when that was, in the order of the latter."""
        self.longest = 0
        self._lines = [order(any_redis) for _ in range(3)]
        self._a_minute = a_minute
        self._dice = random.Random(7)
        self._standing: dict[UUID, tuple[float, Person, Order]] = {}

    async def run(self, at: Clock) -> None:
        arrivals, now, room = _arrivals(self.people, self._dice), 0.0, 0.0
        while arrivals or self._standing:
            now += self.STEP
            await at(now)
            new: dict[int, list[Waiting]] = {n: [] for n in range(len(self._lines))}
            while arrivals and arrivals[0][0] <= now:
                moment, who = heapq.heappop(arrivals)
                line = self._dice.randrange(3)
                new[line].append(self._come(moment, self.people[who], self._lines[line]))
            looks = [await line.look(new[n], MOST) for n, line in enumerate(self._lines)]
            self.longest = max(self.longest, looks[-1].length)
            room = min(room + self._a_minute, 2 * self._a_minute)
            first = looks[-1].first
            while room >= 1 and first is not None:
                room -= 1
                first = await self._ask(first, now)

    def _come(self, moment: float, person: Person, line: Order) -> Waiting:
        one = Waiting(new_id(), person.back(moment))
        person.asked.append(moment)
        self._standing[one.id] = (moment, person, line)
        return one

    async def _ask(self, first: UUID, now: float) -> UUID | None:
        came, person, line = self._standing.pop(first)
        person.waits.append(now - came)
        self.asked.append(first)
        self.history.append((came, now))
        return await line.leave(first, asked=True)


async def test_a_day_of_two_thousand_people_is_fair(
    any_redis: Redis, at: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody dies on this day, so that not each place must be kept at each step.
    monkeypatch.setattr("chatapp.answers.order.LEASE", 90_000.0)
    monkeypatch.setattr("chatapp.answers.order.SILENCE", 89_000.0)
    people = 300 if isinstance(any_redis, FakeAsyncRedis) else 2_000
    day = Day(any_redis, people, a_minute=15 * people / 2_000)
    await day.run(at)
    assert day.longest > people / 5  # there was a line to be fair in
    assert len(day.asked) == len(set(day.asked)) == sum(len(one.asked) for one in day.people)
    light, heavy = (
        [wait for one in day.people if (one.each > 600) is is_light for wait in one.waits]
        for is_light in (True, False)
    )
    assert mean(light) < mean(heavy) / 2
    # Nobody starves: only who comes within the hour after goes first, whatever one has used.
    last = 0.0
    for came, _ in day.history:
        assert last <= came + FURTHEST + Day.STEP
        last = max(last, came)


def _arrivals(people: list[Person], dice: random.Random) -> list[tuple[float, int]]:
    """When who asks on a day whose noon is busy, as a heap."""
    found: list[tuple[float, int]] = []
    for who, person in enumerate(people):
        moment = dice.uniform(0, person.each)
        while moment < 24 * 3600:
            if dice.random() < _busy(moment):
                found.append((moment, who))
            moment += dice.expovariate(1 / person.each)
    heapq.heapify(found)
    return found


def _busy(moment: float) -> float:
    hour = moment / 3600
    return 1.0 if 10 <= hour <= 15 else 0.4 if 7 <= hour <= 19 else 0.08


async def test_without_redis_a_process_has_a_line_of_its_own() -> None:
    def nobody() -> Redis:
        raise ConnectionError

    line = Order("", cast("Callable[[], Redis]", nobody))
    first, second = waiting(1, back=0), waiting(2, back=-5)
    look = await line.look([first, second], MOST, shut=3)
    assert (look.alone, look.first, look.shut) == (True, second.id, 3)
    assert (second.place, first.place) == (1, 2)
    assert await line.leave(second.id, asked=True) == first.id
