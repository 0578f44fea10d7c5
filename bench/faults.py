"""``python -m bench faults [minutes | long] [seed]``: every fault again and again, or those that
last up to two minutes once; each word is judged."""

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.faults.browser import FOR_EVER
from tests.faults.fleet import fleet
from tests.faults.storm import Lane, every_fault, long_faults, storm

ANSWERS = 100


PATIENCE = 400.0
"""After so many seconds of long faults an answer that has not ended never will."""


async def main(wanted: Sequence[str]) -> int:
    """Hurt a fleet until the time is over; 1 if anything was lost, doubled or mixed."""
    seed = int(wanted[1]) if len(wanted) > 1 else random.randrange(10**6)
    if wanted and wanted[0] == "long":
        return 1 if await _storm(long_faults(seed), seed, PATIENCE) else 0
    minutes = float(wanted[0]) if wanted else 10.0
    until, wrong = time.monotonic() + minutes * 60, 0
    while time.monotonic() < until:
        wrong += await _storm(every_fault(seed), seed)
        seed += 1
    return 1 if wrong else 0


async def _storm(lanes: Sequence[Lane], seed: int, patience: float = FOR_EVER) -> int:
    """Hurt a fleet once; how much was wrong."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chatapp-faults-") as folder:
        async with fleet(Path(folder)) as ships:
            history = await storm(ships, lanes, ANSWERS, seed, patience=patience)
    ends = Counter(kept[0][0] for kept in history.rows.values() if kept)
    said = ", ".join(f"{count} {status}" for status, count in sorted(ends.items()))
    faults, seconds = len(history.incidents), time.monotonic() - began
    print(f"seed {seed}: {said}, under {faults} faults, in {seconds:.0f} s", flush=True)
    for line in history.wrong():
        print(f"seed {seed}: {line}", file=sys.stderr)
    return len(history.wrong())
