"""What people read of their place in the line."""

from datetime import UTC, datetime, timedelta

import pytest

from chatapp.answers import standing
from chatapp.answers.standing import Standing

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""A Monday."""


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "now", lambda: NOON)


@pytest.mark.parametrize(
    ("place", "seconds", "words"),
    [
        (1, 5, "You are next in line, less than a minute."),
        (2, 60, "You are 2nd in line, about 1 min."),
        (3, 170, "You are 3rd in line, about 3 min."),
        (11, 600, "You are 11th in line, about 10 min."),
        (12, 1380, "You are 12th in line, about 25 min."),
        (131, 3000, "You are about 140th in line, about 50 min."),
        (4, None, "You are 4th in line."),
        # Beyond the hour, such as when a day's quota is used up, a time of the day says more.
        (5, 3 * 3600 + 60, "You are 5th in line, probably at 16:15."),
        (5, 14 * 3600, "You are 5th in line, probably tomorrow at 03:00."),
        (5, 40 * 3600, "You are 5th in line, probably on Wednesday at 05:00."),
    ],
)
def test_the_words(place: int, seconds: float | None, words: str) -> None:
    told = Standing.expected(place, seconds, "", own_key=False)
    assert told.words("Europe/Berlin") == words
    assert Standing.read(told.data()).words("Europe/Berlin") == words


def test_a_zone_that_is_none_is_utc() -> None:
    told = Standing.expected(5, 3 * 3600, "", own_key=False)
    assert told.words("../etc/passwd") == told.words("") == told.words("UTC")
    assert told.words("UTC").endswith("at 15:00.")


def test_only_what_reads_differently_is_told_again() -> None:
    first = Standing.expected(3, 170, "fast", own_key=True)
    assert first.differs(None)
    assert not Standing.expected(3, 160, "fast", own_key=True).differs(first)
    for place, seconds, smaller, own_key in (
        (2, 170, "fast", True),
        (3, 60, "fast", True),
        (3, 170, "", True),
        (3, 170, "fast", False),
    ):
        assert Standing.expected(place, seconds, smaller, own_key).differs(first)


def test_the_time_goes_by_for_who_looks_later(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Standing.expected(3, 300, "", own_key=False).data()
    monkeypatch.setattr(standing, "now", lambda: NOON + timedelta(minutes=3))
    assert Standing.read(kept).words("UTC") == "You are 3rd in line, about 2 min."
