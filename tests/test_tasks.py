import asyncio

import pytest

from chatapp import tasks
from chatapp.tasks import end, going_on, lasting


async def test_a_task_that_swallows_a_cancellation_ends_all_the_same() -> None:
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 2:
                    raise

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await end(task)
    assert (task.cancelled(), swallowed) == (True, 2)


async def test_what_lasts_begins_again_after_a_fault_of_ours(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tasks, "AGAIN", 0.0)
    begun, third = 0, asyncio.Event()

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise ValueError("ours")
        third.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(lasting(work))
    async with asyncio.timeout(10):
        await third.wait()
        await end(task)
    assert (task.cancelled(), begun) == (True, 3)
    assert caplog.text.count("ValueError: ours") == 2


async def test_what_goes_on_ends_with_its_context() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with going_on(work, "work"):
        async with asyncio.timeout(10):
            await begun.wait()
        assert not ended.is_set()
    assert ended.is_set()
    assert "work" not in {task.get_name() for task in asyncio.all_tasks()}
