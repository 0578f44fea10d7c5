"""Every form in which providers say when to come back, and what else they tell of their limits."""

import time
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from chatapp.pool.attempt import LONGEST_HOLD, Trying
from chatapp.pool.config import Account, Member
from chatapp.pool.errors import classify
from chatapp.pool.hints import retry_after
from chatapp.pool.signals import Told, seconds, told

GROQ, OPENAI = Account("g", "groq"), Account("o", "openai")


class Refused(Exception):
    def __init__(self, headers: dict[str, str] | None = None, details: Any = None) -> None:
        self.status_code = 429
        self.response = httpx.Response(429, headers=headers or {})
        self.details = details


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7),
        ("7.66", 7.66),
        ("7.66s", 7.66),
        ("150ms", 0.15),
        ("2m59.56s", 179.56),
        ("1h2m3s", 3723),
        ("1d", 86_400),
        ("45.837906927s", 45.837906927),
        (" 6s ", 6),
        ("0", 0),
        ("-3", 0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1" * 50, None),
    ],
)
def test_durations(text: str, expected: float | None):
    assert seconds(text) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "12"}, 12),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "1", "retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "nonsense"}, None),
        ({}, None),
    ],
)
def test_headers(headers: dict[str, str], expected: float | None):
    assert retry_after(Refused(headers)) == expected


def test_a_date_is_read_by_the_providers_clock_and_by_ours():
    now = time.time()
    ahead = {"date": formatdate(now + 3600), "retry-after": formatdate(now + 3630)}
    assert retry_after(Refused(ahead)) == pytest.approx(3630, abs=2)
    behind = {"date": formatdate(now - 3600), "retry-after": formatdate(now - 3570)}
    assert retry_after(Refused(behind)) == pytest.approx(30, abs=2)
    assert retry_after(Refused({"retry-after": formatdate(now - 10)})) == 0


@pytest.mark.parametrize("delay", ["12.5s", {"seconds": 12, "nanos": 500_000_000}])
def test_googles_retry_info(delay: Any):
    details = {"error": {"details": [{"@type": "RetryInfo", "retryDelay": delay}]}}
    assert retry_after(Refused(details=details)) == 12.5


def test_googles_quota_tells_the_day_from_the_minute():
    for quota, day in (("PerDayPerProject", True), ("PerMinutePerProject", False)):
        violations = [{"quotaId": f"GenerateRequests{quota}PerModel-FreeTier"}]
        details = {"error": {"details": [{"violations": violations}]}}
        assert classify(Refused(details=details)).day is day


@pytest.mark.parametrize(
    "details", [None, [], {"error": None}, {"error": {"details": [None, 3, {"retryDelay": []}]}}]
)
def test_nonsense_in_details_is_passed_over(details: Any):
    assert retry_after(Refused(details=details)) is None


def test_no_hold_is_longer_than_a_day_and_a_bit():
    failure = classify(Refused({"retry-after": "999999999"}))
    ending = Trying(Member("t", GROQ, "m")).ending("rate", failure)
    assert ending.hold == LONGEST_HOLD


def test_requests_are_the_days_at_groq_and_the_minutes_at_openai():
    headers = {
        "x-ratelimit-limit-requests": "14400",
        "x-ratelimit-remaining-requests": "14370",
        "x-ratelimit-reset-requests": "2m59.56s",
        "x-ratelimit-limit-tokens": "6000",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "7.66s",
    }
    assert told(GROQ, headers) == Told(
        tpm=6000, rpd=14400, used_tokens=6000, used_day=30, wait=7.66, why="tpm"
    )
    assert told(OPENAI, headers) == Told(
        rpm=14400, tpm=6000, used_tokens=6000, wait=7.66, why="tpm"
    )
    assert told(GROQ, {"x-ratelimit-limit-requests": "many"}) == Told()
