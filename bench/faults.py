"""``python -m bench faults [minutes | long] [seed]``: every fault again and again, or those that
last up to two minutes once, through nginx; each word is judged."""

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.outcome import Outcome, Table, attempt, finish
from tests.faults.browser import FOR_EVER
from tests.faults.fleet import fleet
from tests.faults.storm import Incident, Lane, every_fault, long_faults, storm

ANSWERS = 100

SEED = 20_264

PATIENCE = 1_000.0
"""Seconds in which all long faults are over: an answer that has not ended after them never will."""


@dataclass(frozen=True)
class Result:
    """What came of one storm."""

    seed: int
    ends: Counter[str]
    """How many answers ended how."""
    incidents: list[Incident]
    wrong: list[str]
    seconds: float

    @property
    def said(self) -> str:
        """The result in a line."""
        ends = ", ".join(f"{count} {status}" for status, count in sorted(self.ends.items()))
        return (
            f"seed {self.seed}: {ends}, under {len(self.incidents)} faults, in {self.seconds:.0f} s"
        )


async def main(wanted: Sequence[str]) -> int:
    """Hurt a fleet until the time is over; 1 if anything was lost, doubled or mixed."""
    seed = int(wanted[1]) if len(wanted) > 1 else random.randrange(10**6)
    if wanted and wanted[0] == "long":
        outcome = named()
        await attempt(outcome, measure(outcome, seed))
        return finish(outcome)
    minutes = float(wanted[0]) if wanted else 10.0
    until, wrong = time.monotonic() + minutes * 60, 0
    while time.monotonic() < until:
        result = await _storm(every_fault(seed, fronted=True), seed)
        print(result.said, flush=True)
        for line in result.wrong:
            print(line, file=sys.stderr)
        wrong += len(result.wrong)
        seed += 1
    return 1 if wrong else 0


async def measure(outcome: Outcome, seed: int) -> None:
    """Let everything fail for long."""
    result = await _storm(long_faults(seed), seed, PATIENCE)
    print(result.said, flush=True)
    rows = [[i.what, f"{i.ended - i.began:.0f} s"] for i in result.incidents]
    outcome.tables.append(Table("What failed", ["what", "lasted"], rows))
    outcome.notes.append(f"{result.said}.")
    outcome.wrong += result.wrong
    whole = not result.wrong
    found = f"{result.ends.total()} answers, {len(result.wrong)} of them wrong"
    outcome.bar(
        "every screen shows what the provider said and the database has", found, passed=whole
    )


def named() -> Outcome:
    """What is still to be filled."""
    intro = (
        "Eight people ask through nginx and follow their answers in one tab or two, on three "
        "backends, while the servers and every link fail for up to two minutes, side by side: a "
        "*silent* link lets nothing through, *deaf* ones no questions and *mute* ones no answers. "
        "A restart counts as lasting until the server is back."
    )
    return Outcome("What lasts long", intro)


async def _storm(lanes: Sequence[Lane], seed: int, patience: float = FOR_EVER) -> Result:
    """Hurt a fleet once."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chatapp-faults-") as folder:
        async with fleet(Path(folder), fronted=True) as ships:
            history = await storm(ships, lanes, ANSWERS, seed, patience=patience)
    ends = Counter(kept[0][0] for kept in history.rows.values() if kept)
    wrong = [f"seed {seed}: {line}" for line in history.wrong()]
    return Result(seed, ends, history.incidents, wrong, time.monotonic() - began)
