"""What a person is told of a question's place in the line, and when it is told again."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from chatapp.database import now
from chatapp.limits.words import place_of

EXACT = 20
"""Up to here a place is told exactly, then in tens: it changes less often than it is read."""

BRIEF = 2.0
"""Seconds of waiting that are not worth a word."""

MINUTE, HOUR = 60, 3600

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a question stands."""

    place: int
    """From 1."""
    turn: datetime | None
    """When it is probably asked; None: nobody knows."""
    smaller: str = ""
    """A tier with a smaller model that has room, if there is one."""
    own_key: bool = False
    """Whether a key of the person's own could answer at once."""

    @classmethod
    def expected(cls, place: int, seconds: float | None, smaller: str, own_key: bool) -> Self:
        """What is told of a place whose turn comes in so many seconds."""
        turn = None if seconds is None else now() + timedelta(seconds=seconds)
        return cls(_told(place), turn, smaller, own_key)

    def differs(self, other: "Standing | None") -> bool:
        """Whether a person would read something new."""
        if other is None:
            return True
        mine, theirs = (_time(one.turn, None) for one in (self, other))
        rest = (other.place, other.smaller, other.own_key)
        return mine != theirs or rest != (self.place, self.smaller, self.own_key)

    def data(self) -> dict[str, Any]:
        """As it is written in the answer's log."""
        turn = self.turn.isoformat(timespec="seconds") if self.turn else None
        return {"place": self.place, "turn": turn, "smaller": self.smaller, "own": self.own_key}

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """From the answer's log."""
        turn = datetime.fromisoformat(data["turn"]) if data["turn"] else None
        return cls(data["place"], turn, data["smaller"], data["own"])

    def words(self, zone: str) -> str:
        """One line, for a person in this time zone."""
        if self.place == 1:
            place = "You are next in line"
        else:
            about = "about " if self.place > EXACT else ""
            place = f"You are {about}{_ordinal(self.place)} in line"
        time = _time(self.turn, zone)
        return f"{place}, {time}." if time else f"{place}."


def _told(place: int) -> int:
    return place if place <= EXACT else math.ceil(place / 10) * 10


def _time(turn: datetime | None, zone: str | None) -> str:
    """How long it takes, or at what time of the day it is; ``None`` as zone: any will do."""
    if turn is None:
        return ""
    moment = now()
    seconds = (turn - moment).total_seconds()
    if seconds < 0.75 * MINUTE:
        return "less than a minute"
    minutes = math.ceil(seconds / MINUTE - 0.5)
    if minutes > 10:
        minutes = 5 * round(minutes / 5)
    if minutes < HOUR / MINUTE:
        return f"about {minutes} min"
    here = place_of(zone or "")
    then, today = _quarter(turn.astimezone(here)), moment.astimezone(here).date()
    days = (then.date() - today).days
    day = "" if days == 0 else "tomorrow " if days == 1 else f"on {WEEKDAYS[then.weekday()]} "
    return f"probably {day}at {then:%H:%M}"


def _quarter(moment: datetime) -> datetime:
    """The next quarter of an hour: no promise is kept to the minute after hours."""
    late = timedelta(minutes=-moment.minute % 15, seconds=-moment.second)
    return (moment + late).replace(second=0, microsecond=0)


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 11 <= number % 100 <= 13 else ending}"
