"""What came of a measure: tables, the bars it was held to, and what was wrong; as Markdown."""

import traceback
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

from bench.speed import speed


@dataclass(frozen=True)
class Table:
    """What was measured, a line each."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """Padded, so that it can be read as it is, too."""
        lines = [list(self.head), *map(list, self.rows)]
        widths = [max(3, *(len(line[at]) for line in lines)) for at in range(len(self.head))]
        padded = [
            [cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines
        ]
        padded.insert(1, ["-" * width for width in widths])
        return "\n".join(f"| {' | '.join(line)} |" for line in padded)


@dataclass(frozen=True)
class Bar:
    """What was promised, and what was found."""

    what: str
    found: str
    passed: bool

    def markdown(self) -> str:
        return f"- {'PASS' if self.passed else 'OVER'}: {self.what}; found: {self.found}"


@dataclass
class Outcome:
    """A measure's result, which is filled as it goes: one that breaks off keeps what it has."""

    name: str
    intro: str = ""
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """What must not happen and did, in words. Each is an error or stands for some."""
    failure: str = ""
    """Why the measure broke off; empty: it did not."""

    def bar(self, what: str, found: str, *, passed: bool) -> None:
        """Hold it to a bar."""
        self.bars.append(Bar(what, found, passed))

    @property
    def right(self) -> bool:
        """Whether it went to its end and nothing was wrong."""
        return not (self.wrong or self.failure)

    @property
    def passed(self) -> bool:
        """Whether it is right and met each of its bars."""
        return self.right and all(bar.passed for bar in self.bars)

    def markdown(self) -> str:
        """A section of a report."""
        parts = [f"## {self.name}"]
        parts += [self.intro] if self.intro else []
        for table in self.tables:
            parts += [f"### {table.title}", table.markdown()]
        parts += ["\n".join(f"- {note}" for note in self.notes)] if self.notes else []
        parts += ["\n".join(bar.markdown() for bar in self.bars)] if self.bars else []
        wrong = [f"- WRONG: {line}" for line in self.wrong]
        wrong += [f"- FAILED: {self.failure}"] if self.failure else []
        parts += ["\n".join(wrong)] if wrong else []
        return "\n\n".join(parts) + "\n"


async def attempt(outcome: Outcome, work: Awaitable[None]) -> None:
    """Let a measure fill its outcome; if it breaks off, the outcome says why."""
    before = await speed()
    try:
        await work
    except Exception as error:
        traceback.print_exc()
        outcome.failure = f"{type(error).__name__}: {error}"[:500]
    outcome.notes.append(
        f"The speed of the cores: the same work took each of them {before:.0f} ms before this, and "
        f"{await speed():.0f} ms after it (`bench/speed.py`)."
    )


def finish(outcome: Outcome) -> int:
    """Print what came of a measure that runs alone; 1 if anything was wrong."""
    print("\n" + outcome.markdown(), flush=True)
    return 0 if outcome.right else 1
