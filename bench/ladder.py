"""Steps on one number of backends: more and more people, answers, or events."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from itertools import pairwise

from bench.installation import Installation
from bench.load.crowds import Crowds
from bench.load.groups import Use
from bench.load.manners import Account, Manners
from bench.plan import Plan
from bench.run import Phase, Run

LATE = 500.0
"""Milliseconds at the 95th percentile from which on words and pages come too late."""
FULL = 0.85
"""The share of a core from which on a part that is one process holds up the rest."""
CORES = 2
"""Of the machine that the bars are for."""
REST = 6.0
"""Seconds for which people who do nothing are measured."""
WARM, MEASURE = 12.0, 10.0
"""Seconds for which answers come before they are measured, and while they are."""
SWITCH_WARM, SWITCH_MEASURE = 3.0, 7.0
"""The same for events."""
PATIENCE = 150.0

PARTS = ("backends", "nginx", "PostgreSQL", "Redis")
SINGLE = {"Redis": "Redis' core", "PostgreSQL": "PostgreSQL", "nginx": "nginx"}
"""What a full part besides the backends is called. Of those with many processes, a core's worth."""


@dataclass(frozen=True)
class Step:
    """What one step came to."""

    axis: str
    """``people``, ``streams`` or ``events``."""
    backends: int
    people: int
    phase: Phase
    memory: dict[str, float]
    """Megabytes of each part; only of people."""
    cores: int = CORES
    """Of the machine."""

    @property
    def backend(self) -> float:
        """The cores that each backend used."""
        return self.phase.cores("backends") / self.backends

    @property
    def late(self) -> float:
        """The 95th percentile of what people wait for, in milliseconds; 0: they do not."""
        return self.phase.late("page shown" if self.axis == "events" else "word")

    @property
    def events(self) -> float:
        """Chats that were switched to, a second."""
        return self.phase.seen.of("switched") / self.phase.seconds

    @property
    def load(self) -> str:
        """How much it was, in words."""
        if self.axis == "events":
            return f"{self.events:.0f} events a second"
        if self.axis == "streams":
            return f"{self.phase.streams:.0f} answers at a time"
        return f"{self.people:,} people"

    @property
    def wall(self) -> str:
        """What holds up the rest, by the processor time that it used; empty: nothing does."""
        found = ["a backend's core"] if self.backend >= FULL else []
        found += [name for part, name in SINGLE.items() if self.phase.cores(part) >= FULL]
        if self.phase.all_cores >= FULL * self.cores:
            found.append(f"the machine's {self.cores} cores")
        if not found and self.late > LATE:
            most = max(PARTS, key=self.phase.cores)
            found = [f"lateness with no core full ({most} used most)"]
        return " and ".join(found)


class Ladder:
    """Steps with one number of backends."""

    def __init__(
        self,
        plan: Plan,
        installation: Installation,
        accounts: Sequence[Account],
        cores: int = CORES,
    ) -> None:
        self._plan = plan
        self._installation = installation
        self._accounts = accounts
        self._cores = cores
        self.runs: list[Run] = []
        self.steps: list[Step] = []

    async def people(self, stack: AsyncExitStack, counts: Sequence[int]) -> None:
        """Let more and more people come and do nothing."""
        for there, wanted in pairwise((0, *counts)):
            run = await self._come(stack, self._accounts[there:wanted])
            await asyncio.sleep(1)
            memory = self._installation.uses([], memory=True)
            await self._measure(run, "people", wanted, REST, memory)

    async def streams(self, counts: Sequence[int]) -> None:
        """Let the last who came ask more and more, until there is a wall."""
        run, manners = self.runs[-1], self._manners
        for streams in counts:
            think = manners.pause_for_streams(run.crowds.people, streams)
            await run.crowds.talk(think=think)
            await run.watch(WARM)
            await self._measure(run, "streams", self._there, MEASURE)
            if self.steps[-1].wall:
                break
        await run.all_answered(PATIENCE)

    async def events(self, rates: Sequence[int]) -> None:
        """Let the last who came switch chats more and more often, until there is a wall."""
        run = self.runs[-1]
        for rate in rates:
            await run.crowds.talk(switches=1.0, reloads=0.0, think=run.crowds.people / rate)
            await run.watch(SWITCH_WARM)
            await self._measure(run, "events", self._there, SWITCH_MEASURE)
            if self.steps[-1].wall:
                break
        await run.crowds.quiet()
        await run.all_there(PATIENCE)

    async def end(self) -> None:
        """See what was not looked at yet."""
        for run in self.runs:
            await run.look()

    def wrong(self) -> Iterator[str]:
        """What went wrong, with whomever."""
        for run in self.runs:
            yield from run.wrong

    @property
    def _manners(self) -> Manners:
        return replace(self._plan.manners, reloads=0.0)

    @property
    def _there(self) -> int:
        return sum(run.crowds.people for run in self.runs)

    async def _come(self, stack: AsyncExitStack, accounts: Sequence[Account]) -> Run:
        plan = self._plan
        crowds = Crowds(accounts, self._manners, [self._installation.port], 1)
        stack.push_async_callback(crowds.stop)
        await crowds.start()
        others = [pid for run in self.runs for pid in run.crowds.pids]
        run = Run(self._installation, crowds, others)
        self.runs.append(run)
        await crowds.come(plan.arrivals)
        await run.all_there(2 * len(accounts) / plan.arrivals + PATIENCE)
        return run

    async def _measure(
        self,
        run: Run,
        axis: str,
        people: int,
        seconds: float,
        memory: dict[str, Use] | None = None,
    ) -> None:
        await run.look()
        run.begin()
        backends = self._plan.backends
        name = f"{backends} backends, {people} people, {axis}"
        phase = await run.end(name, await run.watch(seconds))
        kept = {part: use.memory for part, use in (memory or {}).items()}
        self.steps.append(Step(axis, backends, people, phase, kept, self._cores))
