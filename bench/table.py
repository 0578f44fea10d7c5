"""The result: what was measured, beside its bar and beside the naive app."""

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
            self._shown(self.product),
            self._shown(self.naive),
            self._shown(self.bar),
            of_bar,
            times,
        ]

    def _shown(self, value: float | None) -> str:
        if value is None:
            return ""
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
        return f"{value:,.{digits}f} {self.unit}".strip()


@dataclass
class Result:
    """The rows of one measure and what was wrong meanwhile."""

    rows: list[Row] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


HEAD = ["what", "chatapp", "naive", "bar", "chatapp/bar", "naive/chatapp"]


def text(rows: Sequence[Row]) -> str:
    """The rows as a table."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    shown = []
    for line in lines:
        first = line[0].ljust(widths[0])
        rest = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
        shown.append("  ".join([first, *rest]).rstrip())
    shown.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(shown)
