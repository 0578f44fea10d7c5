"""When those who wait will be asked, from the members' limits and their reset clocks."""

from datetime import UTC, datetime, timedelta

import pytest

from chatapp.pool.outlook import Opening, has_room, openings, seconds_until
from chatapp.pool.status import MemberStatus, Quota, State

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = 3600


def member(
    *quotas: Quota,
    state: State = "healthy",
    until: float | None = None,
    concurrency: int | None = None,
    in_flight: int = 0,
) -> MemberStatus:
    end = None if until is None else NOW + timedelta(seconds=until)
    return MemberStatus(
        "a/m", "A", ("fast",), state, "", end, quotas, in_flight, concurrency, None, None, 0, {}
    )


def rpm(limit: int, left: int = 0) -> Quota:
    return Quota("rpm", limit, left, NOW + timedelta(seconds=60))


def rpd(limit: int, left: int, resets: float) -> Quota:
    return Quota("rpd", limit, left, NOW + timedelta(seconds=resets))


def until(place: int, *members: MemberStatus, soonest: float = 0) -> float | None:
    return seconds_until(place, openings(members, NOW), soonest)


def test_the_first_waits_for_the_first_opening() -> None:
    assert until(1, member(rpm(30)), soonest=12) == 12
    assert until(1, member(state="hold", until=40), member(state="hold", until=90)) == 40


def test_later_ones_wait_for_the_pace_of_all_members() -> None:
    assert until(31, member(rpm(30)), soonest=10) == pytest.approx(70, abs=1)
    assert until(31, member(rpm(30)), member(rpm(30)), soonest=10) == pytest.approx(40, abs=1)
    # A member that comes back later helps from then on.
    late = member(rpm(30), state="hold", until=30)
    assert until(31, member(rpm(30)), late) == pytest.approx(45, abs=1)


def test_tokens_and_places_limit_the_pace_too() -> None:
    tokens = Quota("tpm", 15_000, 0, None)
    assert until(11, member(rpm(30), tokens)) == pytest.approx(60, abs=1)
    assert until(11, member(concurrency=4)) == pytest.approx(20, abs=1)


def test_a_day_that_is_used_up_begins_anew_at_its_time() -> None:
    dry = member(rpm(30), rpd(100, 0, 5 * HOUR))
    assert until(1, dry) == 5 * HOUR
    assert until(31, dry) == pytest.approx(5 * HOUR + 60, abs=1)
    # What is left goes to those in front; who stands behind them waits for the next day.
    nearly = member(rpm(30), rpd(100, 10, 5 * HOUR))
    assert until(5, nearly) == pytest.approx(8, abs=1)
    assert until(20, nearly) == pytest.approx(5 * HOUR + 18, abs=2)


def test_what_is_too_far_away_is_not_foretold() -> None:
    assert until(1_000, member(rpm(30), rpd(100, 0, 5 * HOUR))) is None


def test_what_was_measured_counts_where_nothing_is_told() -> None:
    assert seconds_until(11, [Opening(0, None)], 0, measured=2) == pytest.approx(5, abs=1)


def test_there_is_room_where_one_can_be_asked_at_once() -> None:
    assert has_room([member(rpm(30, left=1))])
    assert has_room([member(rpm(30)), member(state="slow")])
    for full in (
        member(rpm(30)),
        member(state="hold", until=5),
        member(state="open"),
        member(concurrency=2, in_flight=2),
    ):
        assert not has_room([full])
