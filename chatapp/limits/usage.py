"""What a person has used and what is left, for the person's own eyes."""

from typing import TypedDict
from uuid import UUID

from chatapp.database import reading
from chatapp.limits import policy, repository
from chatapp.limits.periods import ZONE, Period, day_of, month_of
from chatapp.limits.repository import Used
from chatapp.limits.words import moment, warning


class BarView(TypedDict):
    """One count beside its limit."""

    label: str
    used: str
    limit: str
    """Empty: there is none."""
    percent: int
    resets: str


class UsageView(TypedDict):
    """The section on the settings page."""

    bars: list[BarView]
    pace: str
    clock: str


async def usage(user_id: UUID, zone: str) -> UsageView:
    """What a person has used today and this month.

    Args:
        user_id: whose usage.
        zone: the name of the person's time zone, for the times at which counts begin anew.
    """
    limits, day, month = policy.limits_of(user_id), day_of(), month_of()
    used = await _used(user_id)
    return {
        "bars": [
            _bar("Questions today", used["day"][0], limits.questions_a_day, day, zone),
            _bar("Tokens today", used["day"][1], limits.tokens_a_day, day, zone),
            _bar("Questions this month", used["month"][0], limits.questions_a_month, month, zone),
            _bar("Tokens this month", used["month"][1], limits.tokens_a_month, month, zone),
        ],
        "pace": _pace(limits),
        "clock": f"Days and months begin at midnight in {ZONE.value.replace('_', ' ')}. Answers "
        "that fail do not count; deleting chats gives nothing back.",
    }


async def allowance(user_id: UUID, zone: str) -> str:
    """The line at the composer when a person's limits are nearly used up; else empty.

    Asks the database only for people whose days or months are limited.
    """
    limits = policy.limits_of(user_id)
    return warning(await _used(user_id), limits, zone) if limits.counted else ""


async def _used(user_id: UUID) -> Used:
    async with reading() as session:
        return await repository.used(session, user_id, day_of().first_day, month_of().first_day)


def _bar(label: str, used: int, limit: int, period: Period, zone: str) -> BarView:
    return {
        "label": label,
        "used": f"{used:,}",
        "limit": f"{limit:,}" if limit else "",
        "percent": min(100, round(100 * used / limit)) if limit else 0,
        "resets": f"Begins anew {moment(period.ends, zone)}",
    }


def _pace(limits: policy.Limits) -> str:
    parts = []
    if limits.questions_a_minute:
        parts.append(f"{limits.questions_a_minute} questions a minute")
    if limits.answers_at_once:
        parts.append(f"{limits.answers_at_once} answers at the same time")
    return f"Up to {' and '.join(parts)}." if parts else ""
