"""What people are told: what is left, and when it comes back, by their own clock."""

from datetime import UTC, datetime, timedelta

import pytest

from chatapp.limits import words
from chatapp.limits.books import Denied
from chatapp.limits.policy import Limits
from chatapp.settings import Settings

NOW = datetime(2026, 11, 23, 14, 40, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "now", lambda: NOW)


@pytest.mark.parametrize(
    ("at", "zone", "said"),
    [
        (NOW + timedelta(seconds=7.2), "UTC", "at 14:40:18"),
        (NOW + timedelta(minutes=60), "Europe/Berlin", "at 16:41"),
        (datetime(2026, 11, 24, tzinfo=UTC), "UTC", "tomorrow at 00:00"),
        (datetime(2026, 11, 24, tzinfo=UTC), "America/New_York", "at 19:00"),
        (datetime(2026, 12, 1, tzinfo=UTC), "Asia/Tokyo", "on 1 December at 09:00"),
        (datetime(2026, 11, 24, tzinfo=UTC), "No/Where", "tomorrow at 00:00"),
        (datetime(2026, 11, 24, tzinfo=UTC), "", "tomorrow at 00:00"),
    ],
)
def test_a_moment_is_said_as_it_is_where_one_is(at: datetime, zone: str, said: str) -> None:
    assert words.moment(at, zone) == said


@pytest.mark.parametrize(
    ("name", "limit", "said"),
    [
        ("minute", {}, "That was a lot in a short time. You can ask again at 15:40."),
        (
            "day_questions",
            {"questions_a_day": 1200},
            "You have asked all 1,200 questions of today. You can ask again at 15:40.",
        ),
        (
            "month_tokens",
            {"tokens_a_month": 5000},
            "You have used all 5,000 tokens of this month. You can ask again at 15:40.",
        ),
    ],
)
def test_a_refusal_says_why_and_until_when(name: str, limit: dict[str, int], said: str) -> None:
    denied = Denied(name, datetime(2026, 11, 23, 15, 40, tzinfo=UTC))
    assert words.refusal(denied, Limits(**limit), "UTC") == said


def test_too_many_at_once_has_no_time() -> None:
    said = words.refusal(Denied("at_once", None), Limits(answers_at_once=3), "UTC")
    assert said == "3 answers are coming for you already. Wait for one, or stop one."


def test_a_warning_comes_at_four_fifths(installation: Settings) -> None:
    limits = Limits(questions_a_day=100, tokens_a_month=1000)
    for used, said in (
        ({"day": (79, 5000), "month": (79, 799)}, ""),
        ({"day": (80, 0), "month": (80, 0)}, "You have 20 of 100 questions left today."),
        ({"day": (5, 0), "month": (5, 800)}, "You have used 80% of your tokens this month."),
        ({"day": (81, 0), "month": (81, 950)}, "You have used 95% of your tokens this month."),
        ({"day": (130, 0), "month": (0, 0)}, "You have 0 of 100 questions left today."),
    ):
        warning = words.warning(used, limits, "UTC")
        assert warning.startswith(said)
        assert bool(warning) is bool(said)
    assert words.warning({"day": (9, 9), "month": (9, 9)}, Limits(), "UTC") == ""
