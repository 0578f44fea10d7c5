"""People on an installation, phase by phase; whatever goes wrong meanwhile is counted."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.installation import Installation
from bench.load.counts import Counts, total
from bench.load.crowds import Crowds, Seen
from bench.load.groups import Use

LOAD = ("provider", "generator")
"""The parts that are not the product."""


class NotAllThere(Exception):
    """Some pages do not show their chat."""


@dataclass
class Phase:
    """A stretch of a run: what was seen and what it used."""

    name: str
    seconds: float
    seen: Counts
    cpu: dict[str, float]
    """Seconds of processor time of each part."""
    there: int = 0
    least: int = 0
    """The fewest people who were there at one time."""
    streaming: list[int] = field(default_factory=list)

    def cores(self, part: str) -> float:
        """The cores that a part kept busy."""
        return self.cpu.get(part, 0.0) / self.seconds

    @property
    def all_cores(self) -> float:
        """The cores that all parts kept busy."""
        return sum(self.cpu.values()) / self.seconds

    @property
    def streams(self) -> float:
        """Answers at a time, on the average."""
        return sum(self.streaming) / len(self.streaming)

    def late(self, what: str = "word") -> float:
        """The 95th percentile of a delay, in milliseconds."""
        return self.seen.delays_of(what).percentile(95)


class Run:
    """People on an installation, phase by phase.

    Args:
        installation: Where they are.
        crowds: The people.
        others: More processes with people, whose processor time is the generator's, too.
    """

    def __init__(
        self, installation: Installation, crowds: Crowds, others: Sequence[int] = ()
    ) -> None:
        self.installation = installation
        self.crowds = crowds
        self.everything = Counts()
        """What was seen from the first moment on, in phases and between them."""
        self._pids = [*crowds.pids, *others]
        self._before: dict[str, Use] = {}
        self._began = 0.0

    async def look(self) -> Seen:
        """What was seen since the last look."""
        seen = await self.crowds.report()
        self.everything = total([self.everything, seen.counts])
        return seen

    def begin(self) -> None:
        """A phase begins here."""
        self._before = self.installation.uses(self._pids)
        self._began = time.monotonic()

    async def end(self, name: str, seen: list[Seen] | None = None) -> Phase:
        """A phase ends here."""
        last = await self.look()
        after = self.installation.uses(self._pids)
        reports = [*(seen or []), last]
        phase = Phase(
            name,
            time.monotonic() - self._began,
            total(each.counts for each in reports),
            {part: use.cpu - self._before[part].cpu for part, use in after.items()},
            last.there,
            min(each.there for each in reports),
            [each.streaming for each in reports],
        )
        show(phase)
        return phase

    async def watch(self, seconds: float, every: float = 2.0) -> list[Seen]:
        """Let time pass; what was seen meanwhile."""
        seen: list[Seen] = []
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(every, left))
            seen.append(await self.look())
        return seen

    async def all_there(self, seconds: float) -> list[Seen]:
        """Wait until every page shows its chat.

        Raises:
            NotAllThere: some do not.
        """
        seen: list[Seen] = []
        until = time.monotonic() + seconds
        while True:
            seen.append(await self.look())
            if seen[-1].there == self.crowds.people:
                return seen
            if time.monotonic() > until:
                missing = self.crowds.people - seen[-1].there
                happened = total([each.counts for each in seen]).happened
                raise NotAllThere(f"{missing} pages are not shown: {happened}")
            await asyncio.sleep(0.2)

    async def all_answered(self, seconds: float) -> list[Seen]:
        """Let nobody ask any more and wait for the ends of all questions; one without is wrong."""
        await self.crowds.quiet()
        seen: list[Seen] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            seen.append(await self.look())
            if not seen[-1].waiting:
                break
            await asyncio.sleep(0.5)
        for what, missing in (("wait", seen[-1].waiting), ("have no end", self.lost)):
            if missing:
                self.everything.fail(f"questions {what} at the end", str(missing))
        return seen

    @property
    def lost(self) -> int:
        """Questions that have neither an end nor a refusal and for which nobody waits any more."""
        of = self.everything.of
        ended = [n for what, n in self.everything.happened.items() if what.startswith("answers ")]
        refused = of("wrong: a question was refused") + of(
            "wrong: a question was not answered in time"
        )
        return of("asked") - sum(ended) - refused

    @property
    def wrong(self) -> list[str]:
        """What went wrong, from the first moment on: how often, and the first ones in detail."""
        return errors_of(self.everything)


def errors_of(counts: Counts) -> list[str]:
    """How often each thing happened that must not, and the first ones in detail."""
    bad = {what: n for what, n in counts.happened.items() if what.startswith("wrong: ")}
    made = [f"{what.removeprefix('wrong: ')}, {n} times" for what, n in bad.items()]
    return [*made, *counts.wrong[:10]] if made else []


def show(phase: Phase) -> None:
    """Print a phase, for those who wait."""
    print(f"\n{phase.name} ({phase.seconds:.1f} s, {phase.there} people there)")
    busy = ", ".join(f"{part} {phase.cores(part):.2f}" for part in phase.cpu)
    print(f"  cores: {busy}; together {phase.all_cores:.2f}")
    for name, delays in phase.seen.delays.items():
        points = ", ".join(f"p{p} {delays.percentile(p):.0f}" for p in (50, 95, 99))
        print(f"  {name}: {points}, longest {delays.longest:.0f} ms ({delays.count:,} times)")
    happened = ", ".join(f"{what} {n:,}" for what, n in sorted(phase.seen.happened.items()))
    print(f"  {happened}", flush=True)
    for line in phase.seen.wrong[:10]:
        print(f"  ! {line}", flush=True)
