"""Days and months by the organisation's clock."""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from chatapp.controls import Control
from chatapp.database import now
from chatapp.zones import zone_named


def _zone_name(name: str) -> str:
    if zone_named(name) is None:
        raise ValueError("must be a time zone like Europe/Berlin, or UTC")
    return name


ZONE = Control(
    "limits.zone",
    Annotated[str, AfterValidator(_zone_name)],
    "UTC",
    "The time zone whose midnight begins the day and the month of everybody's limits.",
)


@dataclass(frozen=True, slots=True)
class Period:
    """A day or a month: the first moment in it and the first after it."""

    first_day: date
    begins: datetime
    ends: datetime


def day_of(moment: datetime | None = None) -> Period:
    """The day that a moment is in; by default today."""
    today = (moment or now()).astimezone(zone()).date()
    return Period(today, _midnight(today), _midnight(today + timedelta(days=1)))


def month_of(moment: datetime | None = None) -> Period:
    """The month that a moment is in; by default this one."""
    first = (moment or now()).astimezone(zone()).date().replace(day=1)
    return Period(first, _midnight(first), _midnight(_next_month(first)))


def bounds() -> tuple[list[int], list[int]]:
    """The days' and months' first moments around the present, in milliseconds, four of each.

    Redis picks from them by its own clock, so that of this process may be hours off.
    """
    return _bounds(ZONE.value, int(time.time() // 30))


@lru_cache(maxsize=2)
def _bounds(_zone: str, half_minute: int) -> tuple[list[int], list[int]]:
    today = datetime.fromtimestamp(half_minute * 30, UTC).astimezone(zone()).date()
    days = [today + timedelta(days=n) for n in (-1, 0, 1, 2)]
    this = today.replace(day=1)
    following = _next_month(this)
    months = [(this - timedelta(days=1)).replace(day=1), this, following, _next_month(following)]
    return [milliseconds(_midnight(d)) for d in days], [milliseconds(_midnight(m)) for m in months]


def zone() -> ZoneInfo:
    """The organisation's time zone."""
    return ZoneInfo(ZONE.value)


def milliseconds(moment: datetime) -> int:
    """A moment as scripts know it."""
    return round(moment.timestamp() * 1000)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone()).astimezone(UTC)
