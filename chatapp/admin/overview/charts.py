"""Lines over time as the paths of an SVG, drawn in a box of WIDTH by HEIGHT units."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypedDict

WIDTH, HEIGHT = 600, 120
GAP = 0.2
"""The part of a bar's room that stays empty."""

Values = Sequence[float | None]


class PathView(TypedDict):
    """One line of a chart, or one colour of its bars."""

    name: str
    tone: str
    d: str
    line: bool


class TipView(TypedDict):
    """What is told of one point when it is pointed at: a strip of the box."""

    x: str
    width: str
    at: str
    words: str


class ChartView(TypedDict):
    """A chart. Moments are in ISO form."""

    title: str
    summary: str
    top: str
    paths: list[PathView]
    tips: list[TipView]
    first: str
    last: str


def chart(
    title: str,
    first: int,
    step: int,
    parts: Sequence[tuple[str, str, Values]],
    *,
    lines: bool = False,
    unit: str = "",
) -> ChartView:
    """A chart of bars on each other, or of lines.

    Args:
        title: what it shows.
        first: when its first point begins, in seconds since 1970.
        step: seconds of a point.
        parts: the name, the tone and the values of each.
        lines: whether these are lines; else bars.
        unit: what stands behind a number.
    """
    count = len(parts[0][2])
    heights = [
        max((values[at] or 0 for _, _, values in parts), default=0)
        if lines
        else sum(values[at] or 0 for _, _, values in parts)
        for at in range(count)
    ]
    top = max([*heights, 0])
    room = WIDTH / count
    base = [0.0] * count
    paths: list[PathView] = []
    for name, tone, values in parts:
        if lines:
            d = _line(values, top, room)
        else:
            d = _bars(values, base, top, room)
            base = [low + (value or 0) for low, value in zip(base, values, strict=True)]
        paths.append({"name": name, "tone": tone, "d": d, "line": lines})
    tips: list[TipView] = [
        {
            "x": f"{at * room:.2f}",
            "width": f"{room:.2f}",
            "at": moment(first + at * step),
            "words": ", ".join(
                f"{name.lower()} {number(values[at], unit)}"
                for name, _, values in parts
                if values[at]
            )
            or "nothing",
        }
        for at in range(count)
    ]
    return {
        "title": title,
        "summary": _summary(parts, top, unit),
        "top": number(top, unit),
        "paths": paths,
        "tips": tips,
        "first": moment(first),
        "last": moment(first + count * step),
    }


def _bars(values: Values, base: Sequence[float], top: float, room: float) -> str:
    if not top:
        return ""
    width, drawn = room * (1 - GAP), []
    for at, value in enumerate(values):
        if value:
            y = HEIGHT - (base[at] + value) / top * HEIGHT
            tall = max(value / top * HEIGHT, 0.5)
            drawn.append(
                f"M{at * room + room * GAP / 2:.1f} {y:.1f}h{width:.1f}v{tall:.1f}h-{width:.1f}z"
            )
    return "".join(drawn)


def _line(values: Values, top: float, room: float) -> str:
    drawn, pen = [], "M"
    for at, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        y = HEIGHT - (value / top * HEIGHT if top else 0)
        drawn.append(f"{pen}{at * room + room / 2:.1f} {y:.1f}")
        # A point of its own is seen, too.
        if pen == "M":
            drawn.append("h0.1")
        pen = "L"
    return "".join(drawn)


def _summary(parts: Sequence[tuple[str, str, Values]], top: float, unit: str) -> str:
    if not top:
        return "Nothing was counted in this time."
    tops = {name: max((v for v in values if v is not None), default=0) for name, _, values in parts}
    most = ", ".join(f"{name.lower()} {number(most, unit)} at most" for name, most in tops.items())
    return f"{most[0].upper()}{most[1:]}."


def number(value: float | None, unit: str = "") -> str:
    """A number for people."""
    if value is None:
        return "none"
    text = f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:.3g}"
    return f"{text}{unit}"


def moment(seconds: float) -> str:
    """A moment in ISO form."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
