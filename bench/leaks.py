"""``python -m bench leaks [tabs]``: a day's coming and going of tabs, and what is left of it."""

import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from bench import cpu
from tests.faults.leaks import Counted, is_back
from tests.harness.backends import Real
from tests.harness.services import Services

TABS = 10_000
PART = 10


async def main(wanted: Sequence[str]) -> int:
    """Print what the server holds as tabs come and go; 1 if something of them stays."""
    tabs = int(wanted[0]) if wanted else TABS
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chatapp-leaks-")))
        services = Services(stack, folder)
        counted = Counted(await Real(services.postgres, services.redis).fresh(folder), folder)
        await counted.server.start()
        stack.push_async_callback(counted.server.stop)
        alone = held = await counted.holds()
        for part in range(PART):
            await counted.come_and_go(tabs // PART, part)
            held = await counted.settled(alone)
            pid = counted.server.process.pid
            said = ", ".join(f"{count:,} {name}" for name, count in held.items())
            print(
                f"{(part + 1) * tabs // PART:,} tabs: {said}, {counted.resident / 2**20:.0f} MB, "
                f"{cpu.used(pid):.0f} s of processor time",
                flush=True,
            )
        return 0 if is_back(held, alone) else 1
