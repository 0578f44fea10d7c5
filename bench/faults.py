"""``python -m bench faults [minutes] [seed]``: every fault again and again, each word judged."""

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.faults.fleet import fleet
from tests.faults.storm import every_fault, storm

ANSWERS = 100


async def main(wanted: Sequence[str]) -> int:
    """Hurt a fleet until the time is over; 1 if anything was lost, doubled or mixed."""
    minutes = float(wanted[0]) if wanted else 10.0
    seed = int(wanted[1]) if len(wanted) > 1 else random.randrange(10**6)
    until, wrong = time.monotonic() + minutes * 60, 0
    while time.monotonic() < until:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="chatapp-faults-") as folder:
            async with fleet(Path(folder)) as ships:
                history = await storm(ships, every_fault(seed), ANSWERS, seed)
        ends = Counter(kept[0][0] for kept in history.rows.values() if kept)
        said = ", ".join(f"{count} {status}" for status, count in sorted(ends.items()))
        faults, seconds = len(history.incidents), time.monotonic() - began
        print(f"seed {seed}: {said}, under {faults} faults, in {seconds:.0f} s", flush=True)
        for line in history.wrong():
            print(f"seed {seed}: {line}", file=sys.stderr)
        wrong += len(history.wrong())
        seed += 1
    return 1 if wrong else 0
