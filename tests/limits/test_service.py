"""Charging: under all limits or under none, once, given back when it came to nothing."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from chatapp.database import new_id, now
from chatapp.limits import books as redis_books
from chatapp.limits import periods
from chatapp.limits.books import Denied, Place, keys_of
from chatapp.limits.service import Limiter, OverLimit
from chatapp.redis import redis
from tests.limits.world import allow, asks, books, ends

EVERY_LIMIT = [
    ("minute", {"questions_a_minute": 1, "questions_in_a_row": 1}),
    ("at_once", {"answers_at_once": 1}),
    ("day_questions", {"questions_a_day": 1}),
    ("day_tokens", {"tokens_a_day": 10}),
    ("month_questions", {"questions_a_month": 1}),
    ("month_tokens", {"tokens_a_month": 10}),
]


async def denial(limiter: Limiter, user_id: UUID) -> Denied:
    with pytest.raises(OverLimit) as refused:
        await asks(limiter, user_id, tokens=10)
    return refused.value.denied


@pytest.mark.parametrize(("limit", "limits"), EVERY_LIMIT)
async def test_a_denied_question_changes_nothing(
    ada: UUID, limiter: Limiter, limit: str, limits: dict[str, int]
) -> None:
    generous = dict.fromkeys(("questions_a_day", "tokens_a_day", "tokens_a_month"), 10_000)
    await allow(ada, **generous | {"questions_a_minute": 600, "questions_in_a_row": 90} | limits)
    first = await asks(limiter, ada, tokens=10)
    key = keys_of(ada)[0]
    before = await redis().hgetall(key), await books(ada)  # pyright: ignore[reportGeneralTypeIssues]
    refused = [await denial(limiter, ada) for _ in range(3)]
    assert [each.limit for each in refused] == [limit] * 3
    assert (await redis().hgetall(key), await books(ada)) == before  # pyright: ignore[reportGeneralTypeIssues]
    if limit == "at_once":
        assert refused[0].until is None
        await ends(limiter, first)
        await asks(limiter, ada)


async def test_one_is_told_when_there_is_room_again(ada: UUID, limiter: Limiter) -> None:
    await allow(ada, questions_a_minute=2, questions_in_a_row=1, questions_a_day=2)
    first = await asks(limiter, ada)
    with pytest.raises(OverLimit) as soon:
        await asks(limiter, ada)
    until = soon.value.denied.until
    assert until
    # To the millisecond, rounded up: not a moment too early.
    late = until - first.place.asked_at - timedelta(seconds=30)
    assert timedelta(0) <= late <= timedelta(milliseconds=2)
    await allow(ada, questions_a_minute=60_000, questions_in_a_row=9, questions_a_day=1)
    with pytest.raises(OverLimit) as tomorrow:
        await asks(limiter, ada)
    assert tomorrow.value.denied.until == periods.day_of(first.place.asked_at).ends
    await allow(ada, questions_a_day=1, questions_a_month=1)
    with pytest.raises(OverLimit) as later:
        await asks(limiter, ada)
    # The one that lasts longest is told: before it there is no room.
    month = periods.month_of(first.place.asked_at).ends
    assert later.value.denied.until == max(month, periods.day_of(first.place.asked_at).ends)


async def test_the_same_question_is_charged_once(ada: UUID, limiter: Limiter) -> None:
    await allow(ada, questions_a_day=100, answers_at_once=50, questions_a_minute=60)
    client_id = new_id()
    replies = await asyncio.gather(*(limiter.admit(ada, new_id(), 5, client_id) for _ in range(20)))
    assert sum(reply is not None for reply in replies) == 1
    assert (await books(ada))["places"] == 1


async def test_what_is_given_back_was_never_charged(ada: UUID, limiter: Limiter) -> None:
    await allow(ada, questions_a_minute=1, questions_in_a_row=1, questions_a_day=1)
    for _ in range(5):
        client_id = new_id()
        admitted = await limiter.admit(ada, new_id(), 5, client_id)
        assert admitted
        await limiter.give_back(admitted, client_id)
        # Neither is the question known: it may be sent again.
        again = await limiter.admit(ada, new_id(), 5, client_id)
        assert again
        await limiter.give_back(again, client_id)
    assert await books(ada) == {
        "day_questions": 0,
        "day_tokens": 0,
        "month_questions": 0,
        "month_tokens": 0,
        "places": 0,
    }


async def test_a_failure_of_ours_consumes_nothing(ada: UUID, limiter: Limiter) -> None:
    await allow(ada, questions_a_minute=1, questions_in_a_row=1, questions_a_day=1)
    for _ in range(3):
        await ends(limiter, await asks(limiter, ada), 500, charged=False)
    await ends(limiter, await asks(limiter, ada), 500)
    with pytest.raises(OverLimit):
        await asks(limiter, ada)


async def test_what_runs_counts_with_its_estimate_and_then_with_what_it_used(
    ada: UUID, limiter: Limiter
) -> None:
    await allow(ada, tokens_a_day=100)
    first = await asks(limiter, ada, tokens=60)
    with pytest.raises(OverLimit):
        await asks(limiter, ada, tokens=60)
    await ends(limiter, first, 30)
    second = await asks(limiter, ada, tokens=60)
    assert second.used["day"] == (2, 90)
    await ends(limiter, second, 200)
    with pytest.raises(OverLimit) as refused:
        await asks(limiter, ada, tokens=1)
    assert refused.value.denied.limit == "day_tokens"


async def test_an_emptied_redis_learns_the_counts_from_the_database(
    ada: UUID, eve: UUID, limiter: Limiter
) -> None:
    await allow(ada, questions_a_day=3, answers_at_once=1)
    for _ in range(2):
        await ends(limiter, await asks(limiter, ada), 7)
    running = await asks(limiter, ada)
    await redis().flushdb()
    # What runs takes its place again by itself.
    await limiter.keep()
    with pytest.raises(OverLimit) as refused:
        await asks(limiter, ada)
    assert {refused.value.denied.limit} <= {"at_once", "day_questions"}
    await ends(limiter, running, 7)
    with pytest.raises(OverLimit) as over:
        await asks(limiter, ada)
    assert over.value.denied.limit == "day_questions"
    assert (await books(ada))["day_questions"] == 3
    assert (await books(ada))["month_tokens"] == 21


async def test_a_place_that_ran_out_is_free_and_the_counts_are_read_again(
    ada: UUID, limiter: Limiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    await allow(ada, questions_a_day=3, answers_at_once=1)
    monkeypatch.setattr(redis_books, "LEASE", 0.05)
    dead = await asks(limiter, ada)
    # Its process wrote the end and was killed before it told Redis.
    other = Limiter()
    monkeypatch.setattr(other, "settle", lambda *_: None)
    await ends(other, dead, 9)
    await asyncio.sleep(0.06)  # by Redis' clock the lease has run out
    monkeypatch.setattr(redis_books, "LEASE", 30.0)
    again = await asks(limiter, ada)
    assert again.used["day"] == (2, 10)
    assert (await books(ada))["places"] == 1


async def test_days_and_months_are_the_organisations(ada: UUID, limiter: Limiter) -> None:
    await allow(ada, questions_a_day=5)
    yesterday = now() - timedelta(days=1)
    place = Place(ada, new_id(), yesterday, 1)
    limiter.hold(place)
    await ends(limiter, redis_books.Admitted(place, {}, redis_books.Limits()), 50)
    admitted = await asks(limiter, ada)
    # What was asked yesterday counts for yesterday, whenever it has ended.
    assert admitted.used["day"] == (1, 1)
    assert admitted.used["month"][0] in (1, 2)
