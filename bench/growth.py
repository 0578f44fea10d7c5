"""``python -m bench growth [option=value …]``: what grows how, with people, streams and backends.

On one backend, then on two: more and more people connect, then more and more answers come at the
same time. A part that is one process and has used nearly a core is the wall; what a thousand people
more cost follows from the steps. Then a naive Reflex app and Chainlit relay answers of the same
length at the same pace, as many as they can.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import cast

from bench import relay
from bench.baseline import Naive
from bench.installation import Installation
from bench.load.crowds import Crowds
from bench.load.groups import uses
from bench.load.manners import Account, Manners
from bench.load.seeding import seed
from bench.peer import Chainlit
from bench.people import Phase, Plan, Run
from bench.subject import Subject
from tests.fakes import ProviderServer
from tests.harness.services import Services

PEOPLE = (500, 1_000, 2_000, 4_000)
"""Connected, on each backend."""
STREAMS = (25, 50, 100, 150)
"""Answers at the same time, on each backend."""
PEERS = (5, 10, 20, 40)
"""Answers at the same time, on a peer."""
LATE = 500.0
"""Milliseconds at the 95th percentile from which on words come too late."""
FULL = 0.85
"""The share of a core from which on a part that is one process holds up the rest."""
WARM, MEASURE = 14.0, 12.0
"""Seconds for which each step runs before it is measured, and while it is."""

HEAD = ["backends", "people", "streams", "tokens/s", "questions/s", "word p95", "backend", "Redis"]
HEAD += ["PostgreSQL", "nginx", "memory a person"]


@dataclass(frozen=True)
class Step:
    """What one step came to. Uses are cores, memory is kilobytes."""

    backends: int
    people: int
    phase: Phase
    memory: float

    def cores(self, part: str) -> float:
        return self.phase.cpu[part] / self.phase.seconds

    @property
    def backend(self) -> float:
        """The cores that each backend used."""
        return self.cores("backends") / self.backends

    @property
    def p95(self) -> float:
        """How late words were, in milliseconds; 0: there were none."""
        word = self.phase.seen.delays_of("word")
        return word.percentile(95) if word.count else 0.0

    @property
    def streams(self) -> float:
        running = self.phase.streaming
        return sum(running) / len(running)

    @property
    def wall(self) -> str:
        """What holds up the rest; empty: nothing does."""
        full = {"a backend's core": self.backend, "Redis' core": self.cores("Redis")}
        found = [name for name, used in full.items() if used >= FULL]
        if not found and self.p95 > LATE:
            found = ["the machine's two cores"]
        return " and ".join(found)

    def cells(self) -> list[str]:
        seen, seconds = self.phase.seen, self.phase.seconds
        late = f"{self.p95:,.0f} ms" if self.p95 else ""
        rates = [f"{seen.of(what) / seconds:,.0f}" for what in ("tokens", "asked")]
        parts = [f"{self.cores(part):.2f}" for part in ("Redis", "PostgreSQL", "nginx")]
        backend = f"{self.backend:.2f}"
        first = [str(self.backends), f"{self.people:,}", f"{self.streams:.0f}", *rates, late]
        return [*first, backend, *parts, f"{self.memory:.0f} KB" if self.memory else ""]


class Ladder:
    """Steps with one number of backends."""

    def __init__(self, plan: Plan, installation: Installation, accounts: list[Account]) -> None:
        self._plan = plan
        self._installation = installation
        self._accounts = accounts
        self._crowds: list[Crowds] = []
        self.steps: list[Step] = []

    async def climb(self, stack: AsyncExitStack) -> None:
        """Let people come, then let them ask more and more."""
        before = self._memory()
        counts = [each * self._plan.backends for each in PEOPLE]
        for there, wanted in pairwise((0, *counts)):
            crowds = await self._come(stack, self._accounts[there:wanted])
            memory = (self._memory() - before) * 1024 / wanted
            await self._measure(crowds, wanted, 3.0, memory)
        for streams in STREAMS:
            await self._talk(streams * self._plan.backends)
            await asyncio.sleep(WARM)
            await self._measure(self._crowds[-1], counts[-1], MEASURE)
            if self.steps[-1].wall:
                break
        for crowds in self._crowds:
            await crowds.quiet()

    async def _come(self, stack: AsyncExitStack, accounts: Sequence[Account]) -> Crowds:
        plan = self._plan
        manners = Manners(words=plan.words, rate=plan.rate, reloads=0.0)
        crowds = Crowds(accounts, manners, [self._installation.port], 1)
        stack.push_async_callback(crowds.stop)
        await crowds.start()
        self._crowds.append(crowds)
        await crowds.come(plan.arrivals)
        await Run(self._installation, crowds).all_there(2 * len(accounts) / plan.arrivals + 60)
        return crowds

    async def _talk(self, streams: int) -> None:
        """The last who came ask, and so often that so many answers come at a time."""
        crowds = self._crowds[-1]
        plan = replace(self._plan, people=crowds.people, streams=streams)
        # A tenth of what people do is not asking.
        await crowds.talk(think=max(plan.think * 0.85, 0.5))

    async def _measure(
        self, crowds: Crowds, people: int, seconds: float, memory: float = 0.0
    ) -> None:
        run = Run(self._installation, crowds)
        await crowds.report()
        run.begin()
        phase = await run.end(f"{people} people", await run.watch(seconds))
        self.steps.append(Step(self._plan.backends, people, phase, memory))

    def _memory(self) -> float:
        """Megabytes of the backends."""
        return uses({"": self._installation.backends}, memory=True)[""].memory


def walls(steps: Sequence[Step]) -> list[str]:
    """What held up the rest, for each number of backends."""
    lines = []
    for backends in sorted({step.backends for step in steps}):
        mine = [step for step in steps if step.backends == backends]
        met = next((step for step in mine if step.wall), None)
        if met:
            at = f"at {met.streams:.0f} answers at a time"
            lines.append(f"{backends} backends: the first wall is {met.wall}, {at}.")
        else:
            last = mine[-1].streams
            lines.append(f"{backends} backends: no wall up to {last:.0f} answers at a time.")
    return lines


def thousand(steps: Sequence[Step]) -> str:
    """What a thousand people more cost who are connected and do nothing."""
    idle = [step for step in steps if step.memory and step.backends == 1]
    first, last = idle[0], idle[-1]
    more = (last.people - first.people) / 1000
    cores = (last.cores("backends") - first.cores("backends")) / more
    memory = (last.memory * last.people - first.memory * first.people) / 1024 / more
    return f"A thousand people more take {cores * 1000:.0f} ms of CPU a second and {memory:.0f} MB."


async def main(arguments: list[str]) -> int:
    """Run, and print what grows how; 1 if anything was wrong."""
    base = Plan.of(arguments, arrivals=100.0, deflate=1)
    steps: list[Step] = []
    for backends in (1, 2):
        plan = replace(base, backends=backends, people=PEOPLE[-1] * backends)
        async with AsyncExitStack() as stack:
            name = stack.enter_context(tempfile.TemporaryDirectory(prefix="chatapp-growth-"))
            installation = Installation(stack, Path(name), backends, plan.settings)
            await installation.start()
            accounts = await seed(installation.database_url, plan.people)
            ladder = Ladder(plan, installation, accounts)
            await ladder.climb(stack)
        steps += ladder.steps
    relay.show([HEAD, *(step.cells() for step in steps)])
    print("\n" + "\n".join([*walls(steps), thousand(steps)]), flush=True)
    peers = await _peers(base)
    relay.show([relay.HEAD, *(step.cells() for step in peers)])
    wrong = sum(step.phase.seen.errors for step in steps)
    print(f"\n{wrong} errors")
    return 1 if wrong else 0


async def _peers(plan: Plan) -> list[relay.Step]:
    """The same answers by a naive Reflex app and by Chainlit, until their words come too late."""
    made: list[relay.Step] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chatapp-growth-")))
        lean = relay.LeanProvider(folder)
        await lean.start()
        stack.push_async_callback(lean.process.stop)
        provider = cast("ProviderServer", lean)
        naive = Naive(provider, (await Services(stack, folder).redis()).url(), folder)
        naive.tab_type = relay.RelayNaiveTab
        subjects: list[Subject] = [naive]
        if python := await Chainlit.python():
            chainlit = Chainlit(provider, folder, python)
            chainlit.tab_type = relay.RelayChainlitTab
            subjects.append(chainlit)
        for subject in subjects:
            stack.push_async_callback(subject.stop)
            await subject.start()
            for streams in PEERS:
                made.append(await relay.step(subject, streams, plan.words, plan.rate))
                print("  ".join(made[-1].cells()), flush=True)
                if made[-1].p95 > LATE:
                    break
    return made
