"""Making scarce quota last: the less is left of a tier's day, the less each question may cost.

The steps are an admin's, and people are told at the composer which one holds. What is left is the
providers' own count of the day, as the pool knows it; a tier with a member whose day is not limited
is never scarce. When nothing is left, questions stand in line until it comes back.
"""

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import cache
from typing import Annotated

from pydantic import BaseModel, Field

from chatapp.controls import Control
from chatapp.limits.words import moment
from chatapp.pool.service import smaller_tiers, status, tiers
from chatapp.pool.status import MemberStatus

FRESH = 1.0
"""How long, in seconds, what is left is not asked for again by the same process."""

SHORTER = 0.25
"""The part of the history's budget that is given when only short contexts are."""

Percent = Annotated[int, Field(ge=0, le=100)]


class Step(IntEnum):
    """What is saved; each step saves what those before it do."""

    ALL = 0
    SHORTER_CONTEXT = 1
    SMALL_MODEL = 2
    CACHE_ONLY = 3
    WAITING = 4


class Steps(BaseModel):
    """Below how many percent of a tier's day each step begins; 0: never."""

    shorter_context: Percent = 20
    small_model: Percent = 10
    cache_only: Percent = 0


STEPS = Control(
    "limits.degradation",
    Steps,
    Steps(),
    "Below how many percent of what is left of a day models are given shorter contexts, a small "
    "model answers, and only answers that are known are given (0: never).",
)

SMALL_TIER = Control(
    "limits.small_tier",
    str,
    "",
    "The tier of the small model; empty: the one before a question's own in the pool's file.",
)

_WORDS = {
    Step.SHORTER_CONTEXT: "To make the rest of the day’s quota last, models are given less of long "
    "chats.",
    Step.SMALL_MODEL: "To make the rest of the day’s quota last, a smaller model answers.",
    Step.CACHE_ONLY: "The day’s quota is nearly used up: only answers that are known already are "
    "given.",
    Step.WAITING: "The day’s quota is used up: questions wait in line.",
}

ONLY_KNOWN = (
    "Only answers that are known already can be given right now, and this is a new question. "
    "It has not been counted; please ask again later."
)


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a tier's day."""

    share: float
    """0 to 1."""
    resets: datetime | None = None
    """When the first of its members has all of it again."""


async def step(tier: str | None) -> Step:
    """What is to be saved on a question for a tier."""
    return step_at((await left(tier)).share)


def step_at(share: float) -> Step:
    """What is saved when so much is left."""
    steps = STEPS.value
    if share <= 0:
        return Step.WAITING
    for found, percent in (
        (Step.CACHE_ONLY, steps.cache_only),
        (Step.SMALL_MODEL, steps.small_model),
        (Step.SHORTER_CONTEXT, steps.shorter_context),
    ):
        if share * 100 < percent:
            return found
    return Step.ALL


def small_tier(tier: str | None, among: Collection[str] | None = None) -> str | None:
    """The tier that answers in place of another when quota is scarce: one of some, if given."""
    possible = tiers() if among is None else among
    if SMALL_TIER.value in tiers() and SMALL_TIER.value in possible:
        return SMALL_TIER.value
    smaller = [each for each in smaller_tiers(tier) if each in possible] if tier else ()
    return smaller[-1] if smaller else tier


async def announcements(zone: str, among: Sequence[str] | None = None) -> list[str]:
    """The lines at the composer: what is saved, and on which tiers if not on all alike.

    Args:
        zone: of who reads them.
        among: what the reader chooses from, ``""`` is the whole pool; None: from everything.
    """
    found: dict[str, list[str]] = {}
    for tier in ("", *tiers()) if among is None else among:
        found.setdefault(await _words(tier or None, zone), []).append(
            tier.capitalize() if tier else "Auto"
        )
    if len(found) == 1:
        return [words for words in found if words]
    return [f"{_listed(names)}: {words}" for words, names in found.items() if words]


async def _words(tier: str | None, zone: str) -> str:
    found = await left(tier)
    words = _WORDS.get(step_at(found.share), "")
    if words and found.resets:
        words += f" It comes back {moment(found.resets, zone)}."
    return words


def _listed(names: list[str]) -> str:
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


async def left(tier: str | None) -> Left:
    """What is left of the day of a tier, or of the whole pool."""
    members = [each for each in await _status() if tier is None or tier in each.tiers]
    days = [quota for each in members for quota in each.quotas if quota.what == "rpd"]
    if not members or len(days) < len(members):
        return Left(1.0)
    resets = min((quota.resets for quota in days if quota.resets), default=None)
    return Left(sum(quota.left for quota in days) / sum(quota.limit for quota in days), resets)


@dataclass(slots=True)
class _Seen:
    at: float = -FRESH
    members: list[MemberStatus] | None = None
    looking: asyncio.Task[list[MemberStatus]] | None = None


@cache
def _seen() -> _Seen:
    return _Seen()


async def _status() -> list[MemberStatus]:
    seen = _seen()
    if seen.members is not None and time.monotonic() - seen.at <= FRESH:
        return seen.members
    if seen.looking is None or seen.looking.done():
        seen.looking = asyncio.create_task(_look(seen), name="a look at the pool")
    # A lock would let one of those who wait through in each round of the loop. In a rush, when
    # rounds are long, nobody's page would be ready before the rush is over.
    return await asyncio.shield(seen.looking)


async def _look(seen: _Seen) -> list[MemberStatus]:
    seen.members, seen.at = await status(), time.monotonic()
    return seen.members
