"""When a provider's day begins anew."""

import time
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

PACIFIC = "America/Los_Angeles"
"""The clock of Google's daily quotas."""

WINTER = timezone(timedelta(hours=-8))
"""Pacific time where no time zones are installed: an hour late in summer, never early."""

ROLLING = (0, 0, 0)
"""No midnight: a day is the last 24 hours."""


def known(zone: str) -> bool:
    """Whether there is such a time zone, like ``America/Los_Angeles`` or ``UTC``."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return zone in {PACIFIC, "UTC"}
    return True


def midnights(zone: str | None, now: float | None = None) -> tuple[int, int, int]:
    """The last midnight of a zone and the next two, in milliseconds since 1970.

    Redis picks from them by its own clock, so that of this process may be hours off.
    """
    if zone is None:
        return ROLLING
    now = time.time() if now is None else now
    # Only at a midnight there are others, and a change of the clocks is at an hour.
    return _midnights(zone, int(now // 900) * 900)


@lru_cache(maxsize=64)
def _midnights(zone: str, now: int) -> tuple[int, int, int]:
    where = _zone(zone)
    moment = datetime.fromtimestamp(now, where)
    today = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    days = (today + timedelta(days=n) for n in range(3))  # same wall clock: zones know their hours
    first, second, third = (round(day.timestamp() * 1000) for day in days)
    return first, second, third


def until_midnight(zone: str | None, now: float | None = None) -> float:
    """The seconds until a zone's next midnight."""
    now = time.time() if now is None else now
    return midnights(zone or PACIFIC, now)[1] / 1000 - now


@cache
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC if name == "UTC" else WINTER
