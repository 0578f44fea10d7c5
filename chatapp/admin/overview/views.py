"""The overview as the browser's store holds it, in words for people."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypedDict

from chatapp.admin.overview.charts import ChartView, chart, number
from chatapp.history.series import Series, Span
from chatapp.pool.outlook import DayEnd, day_ends
from chatapp.pool.status import MemberStatus

SPANS: dict[Span, str] = {
    "hour": "Hour",
    "day": "Day",
    "week": "Week",
    "month": "Month",
}


class CardView(TypedDict):
    """One number, and how it was in the time before."""

    label: str
    value: str
    trend: str
    note: str


class PaceView(TypedDict):
    """When a day's quota ends at the present pace. Moments are in ISO form, or empty."""

    label: str
    left: str
    state: str
    """``over``: nothing is left; ``ends`` before it is there again; or it ``lasts``."""
    ends: str
    back: str


def card_views(found: Series, span: Span, now: Mapping[str, int]) -> list[CardView]:
    """The numbers of a time, and of now."""
    answers = ("answers:done", "answers:stopped", "answers:failed")
    tokens = ("tokens:prompt", "tokens:completion")
    known = ("source:cache", "source:old", "source:joined")
    all_sources = ("source:model", *known)
    ended, reused = found.total(*all_sources), found.total(*known)
    cost, saved = found.total("cost"), found.total("tokens:saved")
    used = found.total(*tokens)
    online, waiting = found.level("online"), found.level("waiting")
    failed = found.total("answers:failed")
    each = cost / used if used else 0
    return [
        _level("People online", now.get("online", 0), online),
        _card(
            "Questions",
            found.total("questions"),
            _trend(found.total("questions"), found.earlier("questions"), span),
        ),
        _card(
            "Answers",
            found.total(*answers),
            _trend(found.total(*answers), found.earlier(*answers), span),
            f"{failed:,} failed" if failed else "none failed",
        ),
        {
            "label": "First word, p50 / p95",
            "value": _seconds(found.first_word(0.5), found.first_word(0.95)),
            "trend": "",
            "note": "before: "
            + _seconds(found.earlier_first_word(0.5), found.earlier_first_word(0.95)),
        },
        _card("Tokens", used, _trend(used, found.earlier(*tokens), span)),
        {
            "label": "Cost",
            "value": f"{cost / 1e6:,.2f}",
            "trend": _trend(cost, found.earlier("cost"), span),
            "note": "" if cost else "no prices are configured, or nothing was used",
        },
        {
            "label": "Saved by the cache",
            "value": f"{saved:,}",
            "trend": "",
            "note": "tokens"
            + (f", about {saved * each / 1e6:,.2f} at the prices of this time" if cost else ""),
        },
        {
            "label": "Cache hit rate",
            "value": f"{reused / ended:.0%}" if ended else "none",
            "trend": "",
            "note": f"{reused:,} of {ended:,} answers" if ended else "nothing was answered",
        },
        _level("Waiting in line", now.get("waiting", 0), waiting),
        _card(
            "Limits hit",
            found.total("refused:OverLimit"),
            _trend(found.total("refused:OverLimit"), found.earlier("refused:OverLimit"), span),
        ),
    ]


def chart_views(found: Series, span: Span) -> list[ChartView]:
    """The lines of a time."""
    per = _step(found.grid.step)
    first, step = found.first, found.grid.step
    return [
        chart(
            f"Answers {per}, by how they ended",
            first,
            step,
            [
                ("Done", "good", found.line("answers:done")),
                ("Stopped", "quiet", found.line("answers:stopped")),
                ("Failed", "bad", found.line("answers:failed")),
            ],
        ),
        chart(
            "Seconds to the first word",
            first,
            step,
            [
                ("Half of the answers within", "good", found.first_words(0.5)),
                ("95% of the answers within", "warn", found.first_words(0.95)),
            ],
            lines=True,
            unit=" s",
        ),
        chart(
            f"Tokens {per}, used and saved by the cache",
            first,
            step,
            [
                ("Used", "good", found.line("tokens:prompt", "tokens:completion")),
                ("Saved", "quiet", found.line("tokens:saved")),
            ],
        ),
        chart("People online", first, step, [("People", "good", found.level("online"))]),
        chart(
            f"Answers {per}, by where their words came from",
            first,
            step,
            [
                ("A model", "good", found.line("source:model")),
                ("The cache", "quiet", found.line("source:cache", "source:old")),
                ("The same question at once", "warn", found.line("source:joined")),
            ],
        ),
        chart(
            f"Waiting in line, and limits hit {per}",
            first,
            step,
            [
                ("Waiting", "warn", found.level("waiting")),
                ("Limits hit", "bad", found.line("refused:OverLimit")),
            ],
            lines=True,
        ),
    ]


def pace_views(
    members: Sequence[MemberStatus], asked: dict[str, int], now: datetime
) -> list[PaceView]:
    """When the day's quota of each member ends, the first one first.

    Args:
        members: how they are.
        asked: how often each was asked in the last hour.
        now: the present moment.
    """
    ends = [
        (member, found)
        for member in members
        if (found := day_ends(member, asked.get(member.name, 0) / 3600, now))
    ]
    ends.sort(key=lambda each: each[1].at or datetime.max.replace(tzinfo=now.tzinfo))
    return [_pace(member, found) for member, found in ends]


def _pace(member: MemberStatus, end: DayEnd) -> PaceView:
    return {
        "label": member.label,
        "state": "over" if not end.left else "ends" if end.at else "lasts",
        "left": f"{end.left:,} of {end.limit:,} left",
        "ends": end.at.isoformat(timespec="seconds") if end.at else "",
        "back": end.resets.isoformat(timespec="seconds") if end.resets else "",
    }


def _card(label: str, value: float, trend: str, note: str = "") -> CardView:
    return {"label": label, "value": number(value), "trend": trend, "note": note}


def _trend(now: float, before: float, span: Span) -> str:
    if not before:
        return "" if not now else f"none in the {span} before"
    change = (now - before) / before
    if abs(change) < 0.005:
        return f"as in the {span} before"
    return f"{change:+,.0%} on the {span} before"


def _level(label: str, value: int, values: Sequence[float]) -> CardView:
    # Those are averages of some minutes each, which now may be above.
    return _card(label, value, "", f"{number(max(value, _top(values)))} at most")


def _top(values: Sequence[float]) -> float:
    return round(max(values, default=0), 1)


def _seconds(half: float | None, most: float | None) -> str:
    return "none" if half is None or most is None else f"{half:,.2f} / {most:,.2f} s"


def _step(seconds: int) -> str:
    if seconds == 60:
        return "a minute"
    step = timedelta(seconds=seconds)
    hours = step.total_seconds() / 3600
    return f"per {hours:.0f} hours" if hours > 1 else f"per {seconds // 60} minutes"
