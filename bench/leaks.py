"""``python -m bench leaks [tabs]``: a day's coming and going of tabs, and what is left of it."""

import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from bench import cpu
from bench.outcome import Outcome, Table, attempt, finish
from tests.faults.leaks import RETURNS, Counted, is_back
from tests.harness.backends import Real
from tests.harness.services import Services

TABS = 10_000
PART = 10


async def measure(tabs: int, outcome: Outcome) -> None:
    """Look at what the server holds as tabs come and go."""
    rows: list[list[str]] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chatapp-leaks-")))
        services = Services(stack, folder)
        counted = Counted(await Real(services.postgres, services.redis).fresh(folder), folder)
        await counted.server.start()
        stack.push_async_callback(counted.server.stop)
        alone = held = await counted.holds()
        head = ["tabs that came and went", *alone, "memory", "processor time", "after"]
        outcome.tables.append(Table("What the server holds", head, rows))
        began = time.monotonic()
        for part in range(PART):
            await counted.come_and_go(tabs // PART, part)
            held = await counted.settled(alone)
            pid = counted.server.process.pid
            rows.append(
                [
                    f"{(part + 1) * tabs // PART:,}",
                    *(f"{count:,}" for count in held.values()),
                    f"{counted.resident / 2**20:.0f} MB",
                    f"{cpu.used(pid):.0f} s",
                    f"{time.monotonic() - began:.0f} s",
                ]
            )
            print(", ".join(f"{what}: {cell}" for what, cell in zip(head, rows[-1], strict=True)))
    found = ", ".join(f"{held[name]:,} {name}" for name in ("tasks", *RETURNS))
    outcome.bar("nothing stays of a tab that has gone", found, passed=is_back(held, alone))


def named(tabs: int = TABS) -> Outcome:
    """What is still to be filled."""
    return Outcome(
        "What tabs leave behind",
        f"{tabs:,} tabs come to one backend, and go. *Objects* are all that it has; *garbage* is "
        "what Python's collector has had to find in all: the less, the shorter its looks.",
    )


async def main(wanted: Sequence[str]) -> int:
    """Measure, and say how it went; 1 if something of the tabs stays."""
    tabs = int(wanted[0]) if wanted else TABS
    outcome = named(tabs)
    await attempt(outcome, measure(tabs, outcome))
    code = finish(outcome)
    return code if outcome.passed else 1
