"""``python -m bench report [to=PATH] [only=people,growth] [option=value …]``: all of it, in a file.

Many people, what grows how, a bad day, how soon all goes on, what lasts long, what tabs leave
behind, the relay and the peers, one after the other. The file is written anew after each section,
so a run that is cut leaves what it has. Options are every section's (see :class:`bench.plan.Plan`):
``people=500`` makes a small trial of all.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import bad_day, faults, growth, leaks, machine, peers, people, recovery, relay
from bench.outcome import Outcome, attempt
from bench.plan import Plan
from chatapp.settings import PROJECT

REPORT = PROJECT / "docs" / "report.md"


@dataclass(frozen=True)
class Section:
    """A part of the report and how it is measured."""

    outcome: Outcome
    measure: Callable[[Outcome], Awaitable[None]]


def sections(options: list[str], *, save: bool) -> dict[str, Section]:
    """All parts, in their order; only a run at full height says what things cost."""
    crowd = Plan.of(options, save=int(save))
    grown, day, beside = (each.planned(options) for each in (growth, bad_day, peers))
    relayed = relay.planned(beside.streams)
    return {
        "people": Section(people.named(crowd), lambda to: people.measure(crowd, to)),
        "growth": Section(growth.named(grown), lambda to: growth.measure(grown, to)),
        "bad-day": Section(bad_day.named(day), lambda to: bad_day.measure(day, to)),
        "recovery": Section(recovery.named(), lambda to: recovery.measure(recovery.ROUNDS, to)),
        "faults": Section(faults.named(), lambda to: faults.measure(to, faults.SEED)),
        "leaks": Section(leaks.named(), lambda to: leaks.measure(leaks.TABS, to)),
        "relay": Section(relay.named(), lambda to: relay.measure(relayed, to)),
        "peers": Section(peers.named(beside), lambda to: peers.measure(beside, to)),
    }


def written(outcomes: Sequence[Outcome], left: Sequence[str], options: Sequence[str]) -> str:
    """The whole report: the bars first, then how each was measured."""
    command = " ".join(["python -m bench report", *options])
    parts = [
        "# What was measured",
        f"Made by `{command}`; `make bench` makes it again. Everything runs on this machine at "
        "once: the product, its database and Redis, nginx, the providers, and the people.",
        machine.description().markdown(),
        "## In short",
        "\n".join(_short(outcome) for outcome in outcomes) or "Nothing yet.",
    ]
    if left:
        parts.append(f"NOT MEASURED: {', '.join(left)}.")
    parts += [outcome.markdown().rstrip() for outcome in outcomes]
    return "\n\n".join(parts) + "\n"


def _short(outcome: Outcome) -> str:
    lines = [bar.markdown() for bar in outcome.bars]
    if outcome.failure:
        lines.append(f"- FAILED: {outcome.name} broke off: {outcome.failure}")
    if outcome.wrong:
        lines.append(f"- WRONG: {outcome.name}: {len(outcome.wrong)} lines below say what")
    return "\n".join(lines or [f"- {outcome.name}: no bar"])


async def main(arguments: list[str]) -> int:
    """Measure all, and write it down; 1 if a bar was missed or anything was wrong."""
    given = dict(word.split("=", 1) for word in arguments if word.startswith(("to=", "only=")))
    options = [word for word in arguments if not word.startswith(("to=", "only="))]
    path = Path(given.get("to", REPORT))
    known = sections(options, save=not options and "to" not in given)
    names = given["only"].split(",") if "only" in given else list(known)
    if unknown := set(names) - set(known):
        raise SystemExit(f"No such section: {', '.join(sorted(unknown))}. Say {', '.join(known)}.")
    began, outcomes = time.monotonic(), list[Outcome]()
    for number, name in enumerate(names, 1):
        section = known[name]
        print(f"\n=== {section.outcome.name} ({time.monotonic() - began:.0f} s)", flush=True)
        await attempt(section.outcome, section.measure(section.outcome))
        outcomes.append(section.outcome)
        left = [each for each in known if each not in names[:number]]
        await asyncio.to_thread(path.write_text, written(outcomes, left, arguments))
    failed = [outcome for outcome in outcomes if not outcome.passed]
    print("\n" + "\n".join(_short(outcome) for outcome in outcomes))
    print(f"\n{time.monotonic() - began:.0f} seconds in all; the report is in {path}.", flush=True)
    for outcome in failed:
        print(f"Not as promised: {outcome.name}", file=sys.stderr)
    return 1 if failed else 0
