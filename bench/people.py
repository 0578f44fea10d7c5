"""``python -m bench people [how many] [option=value …]``: many signed-in people at once."""

import asyncio
import json
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from bench.installation import Installation
from bench.load.counts import Delays
from bench.load.crowds import Crowds
from bench.load.groups import Use
from bench.load.seeding import seed
from bench.outcome import Outcome, Table, attempt, finish
from bench.plan import Plan
from bench.run import LOAD, Phase, Run
from tests.harness import logs

PARTS = ("backends", "nginx", "PostgreSQL", "Redis")
MEASURED = Path(__file__).with_name("measured.json")
SHORT = 30
"""Words of a short answer."""

PEOPLE, STREAMS, LATE = 10_000, 300, 500.0
"""What is promised: people at once, answers at a time, and milliseconds that words may be late."""

Memory = Mapping[str, Use]


async def measure(plan: Plan, outcome: Outcome) -> None:
    """Let people come, rest, talk and get short answers."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chatapp-people-")))
        installation = Installation(stack, folder, plan.backends, plan.settings)
        await installation.start()
        began = time.monotonic()
        accounts = await seed(installation.database_url, plan.people)
        print(f"{plan.people} people made in {time.monotonic() - began:.0f} s", flush=True)
        crowds = Crowds(accounts, plan.manners, [installation.port], plan.crowds)
        stack.push_async_callback(crowds.stop)
        await crowds.start()
        run = Run(installation, crowds)
        try:
            await _phases(plan, run, outcome)
        finally:
            outcome.wrong += run.wrong
            outcome.wrong += [f"logged: {line[:300]}" for line in logs.errors(installation.logs())]


async def _phases(plan: Plan, run: Run, outcome: Outcome) -> None:
    installation, crowds, manners = run.installation, run.crowds, plan.manners
    empty = installation.uses(crowds.pids, memory=True)
    run.begin()
    await crowds.come(plan.arrivals)
    came = await run.end(
        "Everybody opens the page", await run.all_there(2 * plan.people / plan.arrivals + 120)
    )
    found = f"{came.there:,}"
    outcome.bar(f"{PEOPLE:,} people connected at once", found, passed=came.there >= PEOPLE)
    _delays(outcome, came)
    await asyncio.sleep(3)
    full = installation.uses(crowds.pids, memory=True)

    run.begin()
    idle = await run.end("Nobody does anything", await run.watch(plan.idle))

    await crowds.talk(think=manners.pause_for_streams(plan.people, plan.streams))
    await run.watch(plan.settle)
    run.begin()
    talk = await run.end("People talk", await run.watch(plan.measure))
    _delays(outcome, talk)
    _judge(outcome, talk)
    outcome.tables.append(_parts(plan, (came, idle, talk), (empty, full)))

    # As many questions with few words: the difference is what words cost.
    asked = talk.seen.of("asked") / talk.seconds
    brief = Plan(words=SHORT, rate=plan.rate).manners
    think = brief.pause_for(plan.people, questions=max(asked, 0.1))
    await crowds.talk(words=SHORT, think=think)
    await run.watch(plan.words / plan.rate + 5)
    run.begin()
    short = await run.end("People get short answers", await run.watch(plan.measure / 2))
    measured = costs(plan, came, idle, talk, short, _memory(plan, empty, full))
    outcome.tables.append(_costs(measured))
    if plan.save:
        MEASURED.write_text(json.dumps(measured, indent=2) + "\n")

    run.begin()
    last = await run.all_answered(150)
    await run.end("The last answers", last)
    outcome.tables.append(_happened(run))
    errors = run.everything.errors
    found = f"{errors} errors, {run.everything.of('tokens'):,} words"
    outcome.bar("no error, every word of every text right", found, passed=not errors)
    of = run.everything.of
    broken = of("connections lost") - of("reloads") - of("reloads in an answer")
    refused = of("connects that failed")
    found = f"{broken} lost, {refused} refused"
    what = "no connection is lost that nobody dropped, and none is refused"
    outcome.bar(what, found, passed=not (broken or refused))


def _judge(outcome: Outcome, talk: Phase) -> None:
    streams, late = talk.streams, talk.late()
    tokens = talk.seen.of("tokens")
    what = f"{STREAMS} answers at a time, on the average"
    outcome.bar(what, f"{streams:.0f}", passed=streams >= STREAMS)
    what = f"a word is on the page within {LATE:.0f} ms (p95)"
    outcome.bar(what, f"{late:.0f} ms", passed=0 < late < LATE)
    product = sum(used for part, used in talk.cpu.items() if part not in LOAD)
    outcome.notes += [
        f"While people talk there are {streams:.0f} answers at a time (from {min(talk.streaming)} "
        f"to {max(talk.streaming)}) and {tokens / talk.seconds:,.0f} words a second.",
        f"Never fewer than {talk.least:,} pages showed their chat while people switched and came "
        "back; all others were on the way.",
        f"A word costs {product / max(tokens, 1) * 1e6:.0f} µs of CPU, questions and all parts of "
        "the product in it.",
    ]


def _delays(outcome: Outcome, phase: Phase) -> None:
    rows = [
        [name, *(f"{ms:,.0f} ms" for ms in _points(each)), f"{each.count:,}"]
        for name, each in phase.seen.delays.items()
    ]
    head = ["delay", "p50", "p95", "p99", "longest", "times"]
    outcome.tables.append(Table(f"{phase.name}, {phase.seconds:.0f} s", head, rows))


def _points(delays: Delays) -> list[float]:
    return [*(delays.percentile(percent) for percent in (50, 95, 99)), delays.longest]


def _parts(plan: Plan, phases: tuple[Phase, ...], memory: tuple[Memory, Memory]) -> Table:
    empty, full = memory
    rows = [
        [
            part,
            *(f"{phase.cores(part):.2f}" for phase in phases),
            f"{full[part].memory:,.0f} MB",
            f"{each:.1f} KB",
        ]
        for part, each in _memory(plan, empty, full).items()
    ]
    heads = [f"cores, {phase.name[0].lower()}{phase.name[1:]}" for phase in phases]
    head = ["part", *heads, "memory", "of it for each person"]
    product = sum(_memory(plan, empty, full)[part] for part in PARTS)
    total = [f"{phase.all_cores:.2f}" for phase in phases]
    everything = f"{sum(use.memory for use in full.values()):,.0f} MB"
    rows.append(["all", *total, everything, f"{product:.1f} KB without the load"])
    return Table("What each part uses", head, rows)


def _memory(plan: Plan, empty: Memory, full: Memory) -> dict[str, float]:
    """Kilobytes of each person."""
    return {
        part: (use.memory - empty[part].memory) * 1024 / plan.people for part, use in full.items()
    }


def _costs(measured: dict[str, dict[str, float]]) -> Table:
    head = ["part", "somebody comes", "a question", "a word", "1,000 idle people", "a person"]
    rows = [
        [
            part,
            f"{each['connect_ms']:.2f} ms",
            f"{each['question_ms']:.2f} ms",
            f"{each['token_us']:.1f} µs",
            f"{each['idle_ms_per_thousand']:.1f} ms/s",
            f"{each['memory_kb']:.1f} KB",
        ]
        for part, each in measured.items()
    ]
    return Table("What things cost: CPU, and memory at the end", head, rows)


def _happened(run: Run) -> Table:
    rows = [[what, f"{n:,}"] for what, n in sorted(run.everything.happened.items())]
    return Table("All that happened", ["what", "times"], [*rows, ["lost questions", str(run.lost)]])


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


def named(plan: Plan) -> Outcome:
    """What is still to be filled."""
    intro = (
        f"{plan.people:,} signed-in people through nginx on {plan.backends} backends; answers of "
        f"{plan.words} words at {plan.rate} a second, of which {plan.streams} are meant to come at "
        f"a time. {plan.manners.stops:.0%} of the answers are stopped, and "
        f"{plan.manners.reloads:.0%} lose their connection on the way; of what people do besides, "
        f"{plan.manners.switches:.0%} is another chat and {plan.manners.reloads:.0%} a reload."
    )
    return Outcome("Many people", intro)


async def main(arguments: list[str]) -> int:
    """Run, and say how it went."""
    plan = Plan.of(arguments)
    print(plan, flush=True)
    outcome = named(plan)
    await attempt(outcome, measure(plan, outcome))
    return finish(outcome)
