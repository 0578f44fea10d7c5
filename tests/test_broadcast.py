"""Listeners: what holds is known before a process serves, and whatever is away ends none."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from chatapp import broadcast
from chatapp.broadcast import listening
from chatapp.settings import Settings, settings


async def _ignore(_message: bytes) -> None:
    return


@pytest.fixture
async def silent_redis(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """A Redis that takes connections and says nothing."""
    gone = asyncio.Event()

    async def take(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{port}/0")
    settings.cache_clear()
    broadcast.redis.cache_clear()
    yield
    gone.set()
    server.close()


async def test_what_holds_is_known_before_anybody_is_served_though_redis_says_nothing(
    silent_redis: None,
) -> None:
    swept = 0

    async def sweep() -> None:
        nonlocal swept
        swept += 1

    async with listening("test", _ignore, sweep):
        assert swept == 1


async def test_a_database_that_says_nothing_keeps_no_process_from_starting(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast, "FIRST", 0.01)
    back, swept = asyncio.Event(), asyncio.Event()

    async def sweep() -> None:
        await back.wait()
        swept.set()

    async with listening("test", _ignore, sweep):
        assert not swept.is_set()
        back.set()
        await asyncio.wait_for(swept.wait(), 10)


async def test_a_fault_in_a_look_at_the_truth_keeps_no_process_from_starting(
    installation: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatapp.tasks.AGAIN", 0.0)
    swept = asyncio.Event()
    tries = iter([ValueError("first"), ValueError("second"), None])

    async def sweep() -> None:
        if error := next(tries):
            raise error
        swept.set()

    async with listening("test", _ignore, sweep):
        await asyncio.wait_for(swept.wait(), 10)
    assert "ValueError: second" in caplog.text
