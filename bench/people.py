"""``python -m bench people [how many] [option=value …]``: many signed-in people at once."""

import asyncio
import json
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from bench.installation import Installation
from bench.load.counts import Counts, total
from bench.load.crowds import Crowds, Seen
from bench.load.groups import Use
from bench.load.manners import Manners
from bench.load.seeding import seed
from tests.harness import logs

PARTS = ("backends", "nginx", "PostgreSQL", "Redis")
MEASURED = Path(__file__).with_name("measured.json")
SHORT = 30


@dataclass
class Plan:
    """What a run does. Durations are in seconds, rates a second."""

    people: int = 10_000
    backends: int = 2
    streams: int = 300
    """Answers that are to come at the same time."""
    words: int = 300
    rate: int = 30
    """Words a second of each answer."""
    arrivals: float = 150.0
    """People a second who open the page."""
    settle: float = 25.0
    """So long people talk before it is measured."""
    measure: float = 60.0
    idle: float = 15.0
    crowds: int = 4
    deflate: int = 1
    save: int = 0
    """1: what things cost is kept for :mod:`bench.scale_model`."""

    @property
    def settings(self) -> dict[str, str]:
        """What the installation is told."""
        return {"CHATAPP_CONNECTS": str(round(self.arrivals * 2))}

    @classmethod
    def of(cls, arguments: list[str], **defaults: Any) -> "Plan":
        """The plan that the words of a command line describe: ``2000 streams=100``."""
        plan = cls(**defaults)
        known = {each.name for each in fields(cls)}
        for word in arguments:
            name, found, value = word.partition("=")
            if not found:
                name, value = "people", word
            if name not in known:
                raise SystemExit(f"No such option: {name}. Say some of {', '.join(sorted(known))}.")
            setattr(plan, name, type(getattr(plan, name))(float(value)))
        return plan

    @property
    def think(self) -> float:
        """How long everybody pauses, so that as many answers come as are wanted."""
        return self.people * self.words / self.rate / self.streams - self.words / self.rate


@dataclass
class Phase:
    """A stretch of a run: what was seen and what it used."""

    name: str
    seconds: float
    seen: Counts
    cpu: dict[str, float]
    """Seconds of processor time of each part."""
    there: int = 0
    streaming: list[int] = field(default_factory=list)

    def busy(self) -> str:
        """The cores that each part kept busy."""
        parts = [f"{name} {used / self.seconds:.2f}" for name, used in self.cpu.items()]
        return f"{', '.join(parts)}; together {sum(self.cpu.values()) / self.seconds:.2f}"


class Run:
    """People on an installation, phase by phase."""

    def __init__(self, installation: Installation, crowds: Crowds) -> None:
        self.installation = installation
        self.crowds = crowds
        self.phases: list[Phase] = []
        self._before: dict[str, Use] = {}
        self._began = 0.0

    def begin(self) -> None:
        """A phase begins here."""
        self._before = self.installation.uses(self.crowds.pids)
        self._began = time.monotonic()

    async def end(self, name: str, seen: list[Seen] | None = None) -> Phase:
        """A phase ends here."""
        last = await self.crowds.report()
        after = self.installation.uses(self.crowds.pids)
        reports = [*(seen or []), last]
        phase = Phase(
            name,
            time.monotonic() - self._began,
            total(each.counts for each in reports),
            {part: use.cpu - self._before[part].cpu for part, use in after.items()},
            last.there,
            [each.streaming for each in reports],
        )
        self.phases.append(phase)
        show(phase)
        return phase

    async def watch(self, seconds: float, every: float = 2.0) -> list[Seen]:
        """Let time pass; what was seen meanwhile."""
        seen: list[Seen] = []
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(every, left))
            seen.append(await self.crowds.report())
        return seen

    async def all_there(self, seconds: float) -> list[Seen]:
        """Wait until every page shows its chat.

        Raises:
            SystemExit: some do not.
        """
        seen: list[Seen] = []
        until = time.monotonic() + seconds
        while True:
            seen.append(await self.crowds.report())
            if seen[-1].there == self.crowds.people:
                return seen
            if time.monotonic() > until:
                missing = self.crowds.people - seen[-1].there
                counts = total([each.counts for each in seen])
                raise SystemExit(f"{missing} pages are not shown: {counts.happened}")
            await asyncio.sleep(0.2)

    async def all_answered(self, seconds: float) -> list[Seen]:
        """Wait for the ends of all questions."""
        seen: list[Seen] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            seen.append(await self.crowds.report())
            if not seen[-1].waiting:
                break
            await asyncio.sleep(0.5)
        return seen


def show(phase: Phase) -> None:
    """Print a phase."""
    print(f"\n{phase.name} ({phase.seconds:.1f} s, {phase.there} people there)")
    print(f"  cores: {phase.busy()}")
    for name, delays in phase.seen.delays.items():
        points = ", ".join(f"p{p} {delays.percentile(p):.0f}" for p in (50, 95, 99))
        print(f"  {name}: {points}, longest {delays.longest:.0f} ms ({delays.count:,} times)")
    happened = ", ".join(f"{what} {n:,}" for what, n in sorted(phase.seen.happened.items()))
    print(f"  {happened}", flush=True)
    for line in phase.seen.wrong[:10]:
        print(f"  ! {line}", flush=True)


async def run(plan: Plan, folder: Path, stack: AsyncExitStack) -> int:
    installation = Installation(stack, folder, plan.backends, plan.settings)
    await installation.start()
    began = time.monotonic()
    accounts = await seed(installation.database_url, plan.people)
    print(f"{plan.people} people made in {time.monotonic() - began:.0f} s", flush=True)
    manners = Manners(words=plan.words, rate=plan.rate, deflate=bool(plan.deflate))
    crowds = Crowds(accounts, manners, [installation.port], plan.crowds)
    stack.push_async_callback(crowds.stop)
    await crowds.start()
    empty = installation.uses(crowds.pids, memory=True)
    run = Run(installation, crowds)

    run.begin()
    await crowds.come(plan.arrivals)
    coming = await run.all_there(2 * plan.people / plan.arrivals + 120)
    came = await run.end("Everybody opens the page", coming)
    _each(came, "backends", plan.people, "a person who comes")
    await asyncio.sleep(3)

    full = installation.uses(crowds.pids, memory=True)
    memory = {
        part: (use.memory - empty[part].memory) * 1024 / plan.people for part, use in full.items()
    }
    for part, use in full.items():
        print(f"  memory of {part}: {use.memory:,.0f} MB, {memory[part]:.1f} KB a person")

    run.begin()
    idle = await run.end("Nobody does anything", await run.watch(plan.idle))
    print(f"  {idle.cpu['backends'] / idle.seconds * 1000:.0f} ms of backends' CPU a second")

    await crowds.talk(think=plan.think)
    await run.watch(plan.settle)
    run.begin()
    talk = await run.end("People talk", await run.watch(plan.measure))
    streams = sum(talk.streaming) / len(talk.streaming)
    tokens = talk.seen.of("tokens")
    print(f"  {streams:.0f} answers at a time, {tokens / talk.seconds:,.0f} tokens a second")
    whole = sum(talk.cpu[part] for part in talk.cpu if part not in ("provider", "generator"))
    if tokens:
        print(f"  {whole / tokens * 1e6:.0f} µs of CPU a token, questions and all, all parts")

    # As many questions with few words: the difference is what words cost.
    asked = talk.seen.of("asked") / talk.seconds
    await crowds.talk(words=SHORT, think=plan.people / max(asked, 0.1))
    await run.watch(plan.words / plan.rate + 5)
    run.begin()
    short = await run.end("People get short answers", await run.watch(plan.measure / 2))
    measured = costs(plan, came, idle, talk, short, memory)
    print(json.dumps(measured, indent=2))
    if plan.save:
        MEASURED.write_text(json.dumps(measured, indent=2) + "\n")

    await crowds.quiet()
    run.begin()
    last = await run.end("The last answers", await run.all_answered(90))
    wrong = came.seen.errors + talk.seen.errors + last.seen.errors
    logged = logs.errors(installation.logs())
    for line in logged[:5]:
        print(f"  logged: {line[:300]}")
    print(f"\n{wrong} errors, {len(logged)} errors in the backends' logs")
    return 1 if wrong or logged else 0


def costs(
    plan: Plan, came: Phase, idle: Phase, long: Phase, short: Phase, memory: dict[str, float]
) -> dict[str, dict[str, float]]:
    """What each part spends: milliseconds for a person who comes and for a question, microseconds
    for a token, milliseconds a second for a thousand people who do nothing; and its kilobytes."""
    made = {}
    for part in PARTS:
        resting = idle.cpu[part] / idle.seconds
        spent = [phase.cpu[part] - resting * phase.seconds for phase in (long, short)]
        questions, tokens = (
            [max(phase.seen.of(what), 1) for phase in (long, short)] for what in ("asked", "tokens")
        )
        whole = questions[0] * tokens[1] - questions[1] * tokens[0]
        token = (questions[0] * spent[1] - questions[1] * spent[0]) / whole if whole else 0.0
        question = (spent[0] - token * tokens[0]) / questions[0]
        made[part] = {
            "connect_ms": round(came.cpu[part] / plan.people * 1e3, 3),
            "question_ms": round(max(question, 0.0) * 1e3, 3),
            "token_us": round(max(token, 0.0) * 1e6, 2),
            "idle_ms_per_thousand": round(resting / plan.people * 1e6, 3),
            "memory_kb": round(max(memory[part], 0.0), 1),
        }
    return made


def _each(phase: Phase, part: str, count: int, what: str) -> None:
    print(f"  {phase.cpu[part] / count * 1000:.2f} ms of CPU of {part} for {what}")


async def main(arguments: list[str]) -> int:
    """Run, and say how it went."""
    plan = Plan.of(arguments)
    print(plan, flush=True)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chatapp-people-")))
        return await run(plan, folder, stack)
