"""How it goes, in words for everybody: nothing of accounts, models, keys or people."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal, TypedDict

from chatapp.announcements import service as announcements
from chatapp.announcements.service import AnnouncementView
from chatapp.pool import service as pool
from chatapp.pool.status import MemberStatus

FRESH = 5.0
"""How long, in seconds, a process does not look again, however many people ask it."""

Light = Literal["green", "amber", "red"]

ORDER: tuple[Light, ...] = ("green", "amber", "red")


class TierView(TypedDict):
    """One tier. ``until`` is a moment in ISO form, empty when there is none."""

    name: str
    light: str
    state: str
    words: str
    until: str


class StatusView(TypedDict):
    """All that the page shows."""

    light: str
    words: str
    tiers: list[TierView]
    announcements: list[AnnouncementView]


_STATES: dict[Light, str] = {"green": "Working", "amber": "Limited", "red": "Down"}

_WHOLE: dict[Light, str] = {
    "green": "Everything works",
    "amber": "It works, with limits",
    "red": "Answers cannot be given right now",
}


@dataclass(slots=True)
class _Seen:
    at: float = -FRESH
    view: StatusView | None = None


@cache
def _seen() -> tuple[_Seen, asyncio.Lock]:
    return _Seen(), asyncio.Lock()


async def status() -> StatusView:
    """How it goes; looked up by one who asks, for all who ask within some seconds.

    Raises:
        RedisError: it cannot be known now.
    """
    seen, lock = _seen()
    async with lock:
        if seen.view is None or time.monotonic() - seen.at > FRESH:
            seen.view = overview(await pool.status(), pool.tiers())
            seen.at = time.monotonic()
        announced = [announcements.view(each) for each in announcements.shown()]
        return {**seen.view, "announcements": announced}


def overview(members: Sequence[MemberStatus], tiers: Sequence[str]) -> StatusView:
    """What members make of their tiers, and of the whole."""
    found = [_tier(tier, [each for each in members if tier in each.tiers]) for tier in tiers]
    lights = {each["light"] for each in found}
    # As long as one tier answers, questions for any are answered by it or wait.
    light: Light = "green" if lights == {"green"} else "red" if lights == {"red"} else "amber"
    return {"light": light, "words": _WHOLE[light], "tiers": found, "announcements": []}


def _tier(tier: str, members: Sequence[MemberStatus]) -> TierView:
    able = [each for each in members if each.state in ("healthy", "slow")]
    held = [each for each in members if each.state == "hold"]
    until: datetime | None = None
    light: Light
    if len(able) * 2 >= len(members) and able:
        light, words = "green", "Answers come at once."
    elif able:
        light, words = "amber", "Fewer models than usual answer. It may take longer."
    else:
        until = min((each.until for each in held or members if each.until), default=None)
        if held:
            light, words = "amber", "All models are at their limits. Questions wait in line."
        else:
            light, words = "red", "No model can be reached. Questions wait in line."
    return {
        "name": tier.replace("-", " ").replace("_", " ").capitalize(),
        "light": light,
        "state": _STATES[light],
        "words": words,
        "until": until.isoformat(timespec="seconds") if until else "",
    }
