"""People online are counted, not their tabs, whatever process each tab is connected to."""

import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack

import pytest

from chatapp.database import new_id
from chatapp.history import counting
from chatapp.history.counting import MINUTE, not_yet_counted
from chatapp.history.series import series
from chatapp.settings import PROJECT, Settings


async def worker(stack: AsyncExitStack, **order: object) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.history.worker",
        cwd=PROJECT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout

    async def end() -> None:
        if process.returncode is None:
            process.kill()
        await process.wait()

    stack.push_async_callback(end)
    process.stdin.write(json.dumps(order).encode() + b"\n")
    assert await process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.parametrize("backend", ["real"], indirect=True)
async def test_who_has_tabs_on_two_processes_is_one(installation: Settings) -> None:
    ada, bob, eve = (str(new_id()) for _ in range(3))
    moment = int(time.time())
    async with AsyncExitStack() as stack:
        workers = [
            await worker(stack, people=people, moment=moment) for people in ([ada, bob], [ada, eve])
        ]
        for each in workers:
            assert each.stdin
            each.stdin.write(b"now\n")
        for each in workers:
            assert each.stdout
            assert await each.stdout.readline() == b"done\n"
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
