"""What people are told of their limits: what is left, and when it comes back by their clock."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chatapp.database import now
from chatapp.limits.books import Denied
from chatapp.limits.periods import day_of, month_of
from chatapp.limits.policy import Limits
from chatapp.limits.repository import Used
from chatapp.zones import zone_named

WARN = 0.8
"""The part of a limit from which on people are told how much is left."""

_OVER = {
    "minute": "That was a lot in a short time.",
    "day_questions": "You have asked all {questions_a_day:,} questions of today.",
    "day_tokens": "You have used all {tokens_a_day:,} tokens of today.",
    "month_questions": "You have asked all {questions_a_month:,} questions of this month.",
    "month_tokens": "You have used all {tokens_a_month:,} tokens of this month.",
}
_AT_ONCE = "{answers_at_once} answers are coming for you already. Wait for one, or stop one."


def refusal(denied: Denied, limits: Limits, zone: str) -> str:
    """Why a question is not taken, and when the next one will be."""
    values = {name: getattr(limits, name) for name in limits.__slots__}
    if denied.until is None:
        return _AT_ONCE.format(**values)
    return f"{_OVER[denied.limit].format(**values)} You can ask again {moment(denied.until, zone)}."


def warning(used: Used, limits: Limits, zone: str) -> str:
    """What is nearly used up; empty while there is plenty."""
    shares = [
        (used[kind][at] / limit, kind, at, limit)
        for kind, at, limit in _counted(limits)
        if limit and used[kind][at] >= WARN * limit
    ]
    if not shares:
        return ""
    share, kind, at, limit = max(shares)
    period = day_of() if kind == "day" else month_of()
    when = "today" if kind == "day" else "this month"
    back = f"All come back {moment(period.ends, zone)}."
    if at == 0:
        left = max(0, limit - used[kind][0])
        return f"You have {left:,} of {limit:,} questions left {when}. {back}"
    return f"You have used {min(share, 1):.0%} of your tokens {when}. {back}"


def _counted(limits: Limits) -> list[tuple[str, int, int]]:
    return [
        ("day", 0, limits.questions_a_day),
        ("day", 1, limits.tokens_a_day),
        ("month", 0, limits.questions_a_month),
        ("month", 1, limits.tokens_a_month),
    ]


def moment(at: datetime, zone: str) -> str:
    """A moment to come, as people say it where they are: ``at 15:40``."""
    place = place_of(zone)
    present = now()
    if at - present < timedelta(minutes=2):
        # To the second, and not before it.
        exact = (at + timedelta(microseconds=999_999)).astimezone(place)
        return f"at {exact:%H:%M:%S}"
    there = (at + timedelta(seconds=59, microseconds=999_999)).astimezone(place)
    days = (there.date() - present.astimezone(place).date()).days
    if days == 0:
        return f"at {there:%H:%M}"
    if days == 1:
        return f"tomorrow at {there:%H:%M}"
    return f"on {there.day} {there:%B} at {there:%H:%M}"


def place_of(zone: str) -> ZoneInfo:
    """A time zone by its name; UTC if there is none."""
    return zone_named(zone) or ZoneInfo("UTC")
