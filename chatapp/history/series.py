"""The history as lines over time, and as sums beside those of the time before."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chatapp import metrics
from chatapp.database import reading
from chatapp.history import repository
from chatapp.history.counting import HOUR, MINUTE

Span = Literal["hour", "day", "week", "month"]

NAMES = (
    "questions",
    "answers:done",
    "answers:stopped",
    "answers:failed",
    "source:model",
    "source:cache",
    "source:old",
    "source:joined",
    "tokens:prompt",
    "tokens:completion",
    "tokens:saved",
    "cost",
    "refused:OverLimit",
    "online",
    "waiting",
    *(f"first:{upper}" for upper in metrics.BUCKETS),
)


@dataclass(frozen=True, slots=True)
class Grid:
    """How a time is looked at."""

    width: int
    """Seconds of what is read: minutes or hours."""
    per: int
    """How many of them make one point."""
    count: int
    """How many points there are."""

    @property
    def step(self) -> int:
        """Seconds of one point."""
        return self.width * self.per


GRIDS: dict[Span, Grid] = {
    "hour": Grid(MINUTE, 1, 60),
    "day": Grid(MINUTE, 15, 96),
    "week": Grid(HOUR, 3, 56),
    "month": Grid(HOUR, 12, 60),
}


@dataclass(frozen=True, slots=True)
class Series:
    """What was counted in a time, point by point, and in the time before."""

    grid: Grid
    first: int
    """When it begins, in seconds since 1970."""
    until: float
    """When it was read: the last point is still growing."""
    lines: Mapping[str, list[int]] = field(repr=False)
    before: Mapping[str, int] = field(repr=False)
    """The sums of the time before."""

    def line(self, *names: str) -> list[int]:
        """The sum of some numbers, point by point."""
        zero = [0] * self.grid.count
        return [sum(each) for each in zip(*(self.lines.get(n, zero) for n in names), strict=True)]

    def total(self, *names: str) -> int:
        """The sum of some numbers over the time."""
        return sum(self.line(*names))

    def earlier(self, *names: str) -> int:
        """The sum of some numbers over the time before."""
        return sum(self.before.get(name, 0) for name in names)

    def level(self, name: str) -> list[float]:
        """What is measured once a minute, on the average of each point."""
        step = self.grid.step
        line = self.line(name)
        growing = max((self.until - self.first - (len(line) - 1) * step) // MINUTE, 1)
        whole = step / MINUTE
        return [value / whole for value in line[:-1]] + [line[-1] / growing]

    def first_words(self, share: float) -> list[float | None]:
        """Seconds to the first word, point by point; None where there was none."""
        lines = {upper: self.line(f"first:{upper}") for upper in metrics.BUCKETS}
        return [
            quantile({upper: line[at] for upper, line in lines.items()}, share)
            for at in range(self.grid.count)
        ]

    def first_word(self, share: float) -> float | None:
        """Seconds to the first word over the whole time."""
        totals = {upper: self.total(f"first:{upper}") for upper in metrics.BUCKETS}
        return quantile(totals, share)

    def earlier_first_word(self, share: float) -> float | None:
        """Seconds to the first word in the time before."""
        totals = {upper: self.earlier(f"first:{upper}") for upper in metrics.BUCKETS}
        return quantile(totals, share)


async def series(span: Span, moment: float | None = None) -> Series:
    """What was counted in the last hour, day, week or month.

    Args:
        span: how much of the time.
        moment: until when, in seconds since 1970; now, when not given.
    """
    grid = GRIDS[span]
    # The last point is the one that is still growing.
    until = time.time() if moment is None else moment
    last = int(until) // grid.step + 1
    first = last - grid.count
    async with reading() as session:
        found = await repository.points(
            session, grid.width, grid.per, first * grid.per, last * grid.per, NAMES
        )
        before = await repository.sums(
            session, grid.width, (first - grid.count) * grid.per, first * grid.per, NAMES
        )
    lines = {
        name: [points.get(at, 0) for at in range(first, last)] for name, points in found.items()
    }
    return Series(grid, first * grid.step, until, lines, before)


def quantile(buckets: Mapping[str, int], share: float) -> float | None:
    """The value below which a share of what is in the buckets lies; None: there is nothing.

    Args:
        buckets: by their upper end, as Prometheus writes it, how much is in each.
        share: 0 to 1.
    """
    total = sum(buckets.values())
    if not total:
        return None
    wanted, seen, lower = share * total, 0, 0.0
    for upper in metrics.BUCKETS:
        inside = buckets.get(upper, 0)
        if inside and seen + inside >= wanted:
            if upper == "+Inf":
                return lower
            return lower + (float(upper) - lower) * (wanted - seen) / inside
        seen += inside
        lower = lower if upper == "+Inf" else float(upper)
    return lower
