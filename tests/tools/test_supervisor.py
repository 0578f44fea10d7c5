"""Programs are kept alive, and one takes the other's place without a gap, or not at all."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from chatapp import serve
from tests.harness.processes import free_port
from tools import supervisor
from tools.phases import Refusal
from tools.supervisor import Child, Program

SERVED = Path(__file__).with_name("served.py")


class World:
    """One program of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.child = Child(
            Program(
                "backend",
                [sys.executable, SERVED, folder],
                folder / "backend.log",
                folder / "backend.pid",
                lambda: self.asked() is not None,
                leave=signal.SIGUSR1,
                listen=("127.0.0.1", self.port),
                says="I listen",
            )
        )

    def asked(self) -> int | None:
        """Who serves; None: nobody."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5.0) as connection:
                return int(connection.recv(100) or 0) or None
        except OSError:
            return None

    @property
    def pid(self) -> int:
        """What the pid file says; 0: there is none."""
        try:
            return int((self.folder / "backend.pid").read_text())
        except FileNotFoundError:
            return 0

    async def becomes(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not await asyncio.to_thread(condition):  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """The program runs."""
    monkeypatch.setattr(supervisor, "PAUSE", (0.01, 0.1))
    made = World(tmp_path)
    await made.child.start()
    yield made
    (tmp_path / "stubborn").unlink(missing_ok=True)
    await made.child.stop()
    assert made.asked() is None
    assert made.pid == 0


async def test_the_next_one_is_there_before_the_last_one_leaves(world: World) -> None:
    first, done = world.pid, asyncio.Event()
    seen = list[int | None]()

    async def visit() -> None:
        while not done.is_set():
            seen.append(await asyncio.to_thread(world.asked))
            # At each moment it names somebody.
            assert world.pid

    visiting = asyncio.create_task(visit())
    await world.child.replace()
    await world.becomes(lambda: world.asked() == world.pid)
    done.set()
    await visiting
    assert world.pid != first
    assert set(seen) <= {first, world.pid}


async def test_if_the_next_one_does_not_start_the_last_one_stays(world: World) -> None:
    first = world.pid
    (world.folder / "broken").touch()
    with pytest.raises(Refusal, match=r"backend did not start\. It is broken\."):
        await world.child.replace()
    assert world.asked() == world.pid == first


async def test_a_pid_that_cannot_be_written_is_no_end(world: World) -> None:
    first = world.pid
    in_the_way = world.folder / "backend.new"
    in_the_way.mkdir()
    with pytest.raises(Refusal, match="backend did not start: "):
        await world.child.replace()
    await world.becomes(lambda: world.asked() == world.pid == first)
    # Nor is it when the program has to be started again.
    os.kill(first, signal.SIGKILL)
    await world.becomes(lambda: world.pid == 0)
    in_the_way.rmdir()
    await world.becomes(lambda: world.asked() == world.pid)


async def test_what_is_killed_is_started_again(world: World) -> None:
    for _ in range(2):
        before = world.pid
        os.kill(before, signal.SIGKILL)
        await world.becomes(lambda: world.asked() == world.pid != before)  # noqa: B023
        await world.child.replace()


async def test_a_start_that_fails_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = asyncio.create_subprocess_exec, 0

    async def fail(*words: Any, **options: Any) -> asyncio.subprocess.Process:
        nonlocal failures
        failures += 1
        if failures < 3:
            raise OSError("no more processes")
        return await real(*words, **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", fail)
    os.kill(world.pid, signal.SIGKILL)
    await world.becomes(lambda: failures == 3 and world.asked() == world.pid)


async def test_one_that_dies_while_the_next_one_starts_is_not_missed(world: World) -> None:
    first = world.pid
    (world.folder / "slow").touch()
    replacing = asyncio.create_task(world.child.replace())
    await asyncio.sleep(0)
    os.kill(first, signal.SIGKILL)
    await replacing
    assert world.asked() == world.pid != first


async def test_one_that_dies_while_the_next_one_fails_is_started_again(world: World) -> None:
    first = world.pid
    (world.folder / "broken").touch()
    replacing = asyncio.create_task(world.child.replace())
    os.kill(first, signal.SIGKILL)
    with pytest.raises(Refusal):
        await replacing
    (world.folder / "broken").unlink()
    await world.becomes(lambda: world.asked() == world.pid != first)


async def test_one_that_does_not_leave_is_killed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LEAVE_SECONDS", 0.1)
    (world.folder / "stubborn").touch()
    first = world.pid
    await world.child.replace()
    await world.becomes(lambda: world.asked() == world.pid != first)


async def test_the_end_may_come_while_one_follows_another(world: World) -> None:
    (world.folder / "stubborn").touch()
    replacing = asyncio.create_task(world.child.replace())
    first = world.pid
    await world.becomes(lambda: world.pid != first)
    replacing.cancel()
    await asyncio.gather(replacing, return_exceptions=True)
    (world.folder / "stubborn").unlink()
    await world.child.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


def test_both_sides_mean_the_same_variable() -> None:
    assert supervisor.HANDED == serve.HANDED
