"""People online are counted, not their tabs, whatever process each tab is connected to."""

import time
from contextlib import AsyncExitStack

import pytest

from chatapp.database import new_id
from chatapp.history import counting
from chatapp.history.counting import MINUTE, not_yet_counted
from chatapp.history.series import series
from chatapp.settings import Settings
from tests.harness.worker import worker


@pytest.mark.parametrize("backend", ["real"], indirect=True)
async def test_who_has_tabs_on_two_processes_is_one(installation: Settings) -> None:
    ada, bob, eve = (str(new_id()) for _ in range(3))
    moment = int(time.time())
    async with AsyncExitStack() as stack:
        workers = [
            await stack.enter_async_context(
                worker("tests.history.worker", {"people": people, "moment": moment})
            )
            for people in ([ada, bob], [ada, eve])
        ]
        for each in workers:
            each.go()
        for each in workers:
            assert await each.says() == "done"
    found = await series("hour", moment)
    assert found.line("online")[-1] == 3


async def test_each_is_counted_once_a_minute(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "AT_ONCE", 2)
    minute = int(time.time()) // MINUTE
    assert await not_yet_counted([], minute) == 0
    assert await not_yet_counted(["a", "b", "c", "d", "e"], minute) == 5
    assert await not_yet_counted(["c", "d", "e", "f"], minute) == 1
    assert await not_yet_counted(["a"], minute + 1) == 1
