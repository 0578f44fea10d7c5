"""What tabs bring with them goes with them."""

from pathlib import Path

from tests.faults.leaks import Counted, is_back
from tests.harness.backends import Backend

WARM, TABS = 30, 150
OBJECTS = 10
"""So many objects a tab are no leak: what a tab holds is hundreds."""


GARBAGE = 60
"""So much of a tab may wait until Python looks for garbage: not its socket, nor its state."""


async def test_nothing_is_left_of_tabs_that_came_and_went(
    real: Backend, built_pages: None, tmp_path: Path
) -> None:
    counted = Counted(await real.fresh(tmp_path), tmp_path)
    await counted.server.start()
    try:
        alone = await counted.holds()
        await counted.come_and_go(WARM)
        before = await counted.settled(alone)
        await counted.come_and_go(TABS)
        after = await counted.settled(alone)
    finally:
        await counted.server.stop()
    assert is_back(after, alone), f"{after} and not {alone}"
    assert after["files"] <= before["files"] + 30, "connections to Redis and PostgreSQL are kept"
    assert after["garbage"] - before["garbage"] < GARBAGE * TABS
    assert after["objects"] - before["objects"] < OBJECTS * TABS
    counted.server.check()
