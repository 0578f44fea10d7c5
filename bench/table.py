"""The result: what was measured, beside its bar and beside others in the same run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Row:
    """One thing measured, in one unit."""

    what: str
    product: float
    naive: float | None = None
    bar: float | None = None
    unit: str = ""

    def cells(self) -> list[str]:
        of_bar = "" if self.bar is None else f"{self.product / self.bar:.2f}"
        times = "" if self.naive is None or not self.product else f"{self.naive / self.product:.1f}"
        return [
            self.what,
            shown(self.product, self.unit),
            shown(self.naive, self.unit),
            shown(self.bar, self.unit),
            of_bar,
            times,
        ]


@dataclass
class Compared:
    """One thing measured of the pool and of what could take its place. None: it has no such."""

    what: str
    pool: float | None
    alone: float | None
    """The official integration alone."""
    fallbacks: float | None
    """LangChain's ``with_fallbacks`` over the official integrations."""
    litellm: float | None
    bar: float | None
    unit: str = ""
    hard: bool = False
    """Whether the bench fails over the bar: it is a count, which no busy machine changes."""
    least: bool = False
    """Whether the bar is the least that is wanted, not the most."""

    @property
    def passed(self) -> bool:
        if self.bar is None:
            return True
        if self.pool is None:
            return False
        return self.pool >= self.bar if self.least else self.pool <= self.bar

    def cells(self) -> list[str]:
        times = ""
        if self.litellm is not None and self.pool and math.isfinite(self.litellm):
            times = f"{self.litellm / self.pool:.1f}"
        verdict = "" if self.bar is None else "PASS" if self.passed else "OVER"
        values = (self.pool, self.alone, self.fallbacks, self.litellm, self.bar)
        return [self.what, *(shown(value, self.unit) for value in values), verdict, times]


def shown(value: float | None, unit: str) -> str:
    """A number for the table."""
    if value is None:
        return ""
    if math.isinf(value):
        return "never"
    digits = 0 if not value or abs(value) >= 100 or not unit else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}".strip()


@dataclass
class Result:
    """The rows of one measure and what was wrong meanwhile."""

    rows: list[Row] = field(default_factory=list)
    compared: list[Compared] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


HEAD = ["what", "chatapp", "naive", "bar", "chatapp/bar", "naive/chatapp"]


COMPARED = [
    "the pool",
    "chatapp",
    "client alone",
    "with_fallbacks",
    "LiteLLM",
    "bar",
    "",
    "LiteLLM/chatapp",
]


def text(rows: Sequence[Row | Compared], head: Sequence[str] = HEAD) -> str:
    """The rows as a table."""
    lines = [head, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    table: list[str] = []
    for line in lines:
        first = line[0].ljust(widths[0])
        rest = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
        table.append("  ".join([first, *rest]).rstrip())
    table.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(table)
