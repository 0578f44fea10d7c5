"""When the next questions can be asked, from the members' limits and their reset clocks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from chatapp.pool.status import MemberStatus, Quota

LONGEST = 26 * 3600.0
"""Seconds beyond which nothing is foretold."""

TURN = 1500
"""The tokens that a question with its answer is taken to need."""

SECONDS_EACH = 8.0
"""How long an answer is taken to hold its place at a member that limits places alone."""

UNKNOWN = 0.5
"""Questions a second of a member of which nothing is known."""

EXACT = 0.5
"""Seconds to which a time is found."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What one member will take. Times are in seconds from now."""

    after: float
    """Until it can be asked at all."""
    pace: float | None
    """Questions a second from then on; None: not known."""
    left: float | None = None
    """Of the day; None: no limit."""
    renewed: float = 0
    """Until its day begins anew."""
    daily: float = 0
    """How many a new day brings."""

    @property
    def first(self) -> float:
        """Until the first question can be asked."""
        return max(self.after, self.renewed) if self.left == 0 else self.after

    def taken(self, until: float, pace: float) -> float:
        """How many questions it takes until then."""
        found = max(0.0, until - self.after) * pace
        if self.left is None:
            return found
        # The day that is running, then the next one: its quota begins at its beginning.
        today = min(self.left, max(0.0, min(until, self.renewed) - self.after) * pace)
        begins = max(self.after, self.renewed)
        return today + min(self.daily, max(0.0, until - begins) * pace)


def openings(members: Sequence[MemberStatus], now: datetime | None = None) -> list[Opening]:
    """What members will take, as their state says."""
    moment = now or datetime.now(UTC)
    return [_opening(member, moment) for member in members]


def seconds_until(
    place: int, members: Sequence[Opening], soonest: float = 0, measured: float | None = None
) -> float | None:
    """How long until so many questions were asked; None: longer than can be told.

    Args:
        place: The number of the question that waits, from 1.
        members: Those who answer.
        soonest: Seconds until the first of them can be asked, as admission has said.
        measured: Questions a second that have lately been asked, for members that do not tell.
    """
    # Admission has looked at all of them: nobody takes anything before.
    taking = [replace(m, after=max(m.after, soonest)) for m in members]
    first = min((m.first for m in taking), default=LONGEST)

    def enough(until: float) -> bool:
        asked = sum(m.taken(until, m.pace or measured or UNKNOWN) for m in taking)
        # One is asked at the opening itself.
        return until >= first and 1 + asked >= place

    if not enough(LONGEST):
        return None
    low, high = first, LONGEST
    if enough(low):
        return low
    while high - low > EXACT:
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def has_room(members: Sequence[MemberStatus]) -> bool:
    """Whether one of these members can be asked at once."""
    return any(
        member.state in ("healthy", "slow")
        and all(quota.left > 0 for quota in member.quotas)
        and (member.concurrency is None or member.in_flight < member.concurrency)
        for member in members
    )


def _opening(member: MemberStatus, now: datetime) -> Opening:
    quotas = {quota.what: quota for quota in member.quotas}
    held = member.state in ("hold", "open") and member.until is not None
    after = max(0.0, (member.until - now).total_seconds()) if held and member.until else 0.0
    day = quotas.get("rpd")
    return Opening(
        after=after,
        pace=_pace(quotas, member.concurrency),
        left=day.left if day else None,
        renewed=max(0.0, (day.resets - now).total_seconds()) if day and day.resets else 0.0,
        daily=day.limit if day else 0,
    )


def _pace(quotas: dict[str, Quota], concurrency: int | None) -> float | None:
    known = []
    if requests := quotas.get("rpm"):
        known.append(requests.limit / 60)
    if tokens := quotas.get("tpm"):
        known.append(tokens.limit / TURN / 60)
    if concurrency and not known:
        known.append(concurrency / SECONDS_EACH)
    return min(known, default=None)


@dataclass(frozen=True, slots=True)
class DayEnd:
    """What becomes of a day's quota at a pace."""

    left: int
    limit: int
    at: datetime | None
    """When nothing of it is left; None: it lasts until it is there again."""
    resets: datetime | None
    """When all of it is there again."""


def day_ends(member: MemberStatus, pace: float, now: datetime) -> DayEnd | None:
    """When a member's day is used up at so many questions a second. None: its day has no limit."""
    day = next((quota for quota in member.quotas if quota.what == "rpd"), None)
    if day is None:
        return None
    seconds = day.left / pace if pace > 0 else LONGEST
    ends = now + timedelta(seconds=seconds) if seconds < LONGEST or not day.left else None
    if ends and day.left and day.resets and ends >= day.resets:
        ends = None
    return DayEnd(day.left, day.limit, ends, day.resets)
