"""The open sockets of a process that leaves."""

import asyncio
from uuid import uuid4

import pytest

from chatapp import leaving
from chatapp.accounts import sockets as module
from chatapp.accounts.sockets import LEAVING, SIGNED_OUT, Sockets
from tests.accounts.handshake import Handshake


async def test_all_are_sent_away_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    closed: list[int] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def close(code: int) -> None:
        closed.append(code)

    monkeypatch.setattr(asyncio, "sleep", pause)
    held = Sockets()
    for _ in range(60):
        key = uuid4()

        async def one(code: int) -> None:
            await close(code)

        assert held.add(key, one)
    await held.send_away()
    assert closed == [LEAVING] * 60
    assert pauses == [module.APART] * 60


async def test_however_many_they_are_it_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def broken(_code: int) -> None:
        raise OSError("gone")

    monkeypatch.setattr(asyncio, "sleep", pause)
    held = Sockets()
    for _ in range(10_000):
        held._open[uuid4()].add(broken)
    await held.send_away()
    assert sum(pauses) == pytest.approx(module.LONGEST)


@pytest.mark.parametrize("leaves", [True, False])
async def test_one_that_takes_nothing_in_keeps_no_other_open(
    monkeypatch: pytest.MonkeyPatch, leaves: bool
) -> None:
    monkeypatch.setattr(module, "FAREWELL", 0.0)
    closed: list[int] = []

    async def stuck(_code: int) -> None:
        await asyncio.Event().wait()

    async def close(code: int) -> None:
        closed.append(code)

    held = Sockets()
    for one in (stuck, close):
        assert held.add(uuid4(), one)
    await (held.send_away() if leaves else held.close(held.sessions()))
    assert closed == [LEAVING if leaves else SIGNED_OUT]


async def test_who_leaves_takes_no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "_leaving", asyncio.Event())
    leaving.begin()
    handshake = Handshake()
    assert not await handshake.open()
    assert handshake.sent[0] == {
        "type": "websocket.http.response.start",
        "status": 503,
        "headers": [],
    }
