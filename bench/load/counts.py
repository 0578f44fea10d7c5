"""Delays, counted by the millisecond, so that those of many processes can be added up."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MOST = 60_000
"""Longer delays count as this one."""


@dataclass
class Delays:
    """How often each delay occurred, in milliseconds."""

    by_ms: dict[int, int] = field(default_factory=dict)

    def add(self, milliseconds: float) -> None:
        """Count one."""
        at = min(max(int(milliseconds), 0), MOST)
        self.by_ms[at] = self.by_ms.get(at, 0) + 1

    def merge(self, other: "Delays") -> None:
        """Count all of another's."""
        for at, count in other.by_ms.items():
            self.by_ms[at] = self.by_ms.get(at, 0) + count

    @property
    def count(self) -> int:
        return sum(self.by_ms.values())

    def percentile(self, percent: float) -> float:
        """The delay that so many percent do not exceed; 0 if there are none."""
        left = self.count * percent / 100
        for at in sorted(self.by_ms):
            left -= self.by_ms[at]
            if left <= 0:
                return float(at)
        return 0.0

    @property
    def longest(self) -> float:
        return float(max(self.by_ms, default=0))


@dataclass
class Counts:
    """What a crowd saw since the last report."""

    happened: dict[str, int] = field(default_factory=dict)
    """How often each thing occurred."""
    delays: dict[str, Delays] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    """What went wrong, in words; the first ones of each kind."""

    def note(self, what: str, times: int = 1) -> None:
        """Count something that happened."""
        self.happened[what] = self.happened.get(what, 0) + times

    def delay(self, what: str, milliseconds: float) -> None:
        """Count a delay."""
        if what not in self.delays:
            self.delays[what] = Delays()
        self.delays[what].add(milliseconds)

    def fail(self, what: str, detail: str = "") -> None:
        """Count something that must not happen."""
        self.note(f"wrong: {what}")
        if len(self.wrong) < 20:
            self.wrong.append(f"{what}: {detail}" if detail else what)

    def of(self, what: str) -> int:
        """How often something happened."""
        return self.happened.get(what, 0)

    def delays_of(self, what: str) -> Delays:
        """The delays of one kind."""
        return self.delays.get(what, Delays())

    @property
    def errors(self) -> int:
        """How often something happened that must not."""
        return sum(n for what, n in self.happened.items() if what.startswith("wrong: "))

    def to_json(self) -> dict[str, Any]:
        delays = {name: list(each.by_ms.items()) for name, each in self.delays.items()}
        return {"happened": self.happened, "delays": delays, "wrong": self.wrong}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Counts":
        delays = {name: Delays(dict(pairs)) for name, pairs in data["delays"].items()}
        return cls(data["happened"], delays, data["wrong"])


def total(parts: Iterable[Counts]) -> Counts:
    """What all of them saw."""
    made = Counts()
    for part in parts:
        for what, times in part.happened.items():
            made.note(what, times)
        for name, delays in part.delays.items():
            made.delays.setdefault(name, Delays()).merge(delays)
        made.wrong += part.wrong
    return made
