"""The open sockets of a process that leaves."""

import asyncio
from uuid import UUID, uuid4

import pytest

from chatapp import leaving
from chatapp.accounts import sockets as module
from chatapp.accounts.sockets import LEAVING, SIGNED_OUT, Close, Sockets
from tests.accounts.handshake import Handshake


class Clock:
    """The loop's clock, on which a pause takes no time, or longer than it should."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, lag: float = 0.0) -> None:
        loop = asyncio.get_running_loop()
        self._began, self._lag = loop.time(), lag
        self.passed = 0.0
        self._rest = asyncio.sleep
        monkeypatch.setattr(loop, "time", lambda: self._began + self.passed)
        monkeypatch.setattr(asyncio, "sleep", self._pause)

    async def _pause(self, seconds: float) -> None:
        self.passed += seconds + self._lag
        await self._rest(0)


async def test_all_are_sent_away_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[tuple[int, float]] = []
    clock = Clock(monkeypatch)

    async def close(code: int) -> None:
        closed.append((code, clock.passed))

    held = Sockets()
    for _ in range(60):
        key = uuid4()

        async def one(code: int) -> None:
            await close(code)

        assert held.add(key, one)
    await held.send_away()
    assert [code for code, _when in closed] == [LEAVING] * 60
    moments = [when for _code, when in closed]
    assert moments == pytest.approx([number * module.APART for number in range(1, 61)])


@pytest.mark.parametrize("lag", [0.0, 0.05])
async def test_however_many_they_are_it_ends_in_time(
    monkeypatch: pytest.MonkeyPatch, lag: float
) -> None:
    clock = Clock(monkeypatch, lag)

    async def gone(_code: int) -> None: ...

    held = Sockets()
    for _ in range(5_000):
        held._open[uuid4()].add(gone)
    await held.send_away()
    # A process whose pauses last longer than they should sends several away after each.
    assert module.LONGEST - 0.1 < clock.passed < module.LONGEST + 2 * max(lag, 0.001)


async def test_nobody_waits_for_those_who_have_gone_by_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    held = Sockets()
    sent: list[UUID] = []
    people = [uuid4() for _ in range(100)]
    closes: dict[UUID, Close] = {}

    def closing(key: UUID) -> Close:
        async def close(_code: int) -> None:
            sent.append(key)
            for gone in people[1:99]:
                held.remove(gone, closes[gone])

        return close

    for key in people:
        closes[key] = closing(key)
        assert held.add(key, closes[key])
    await held.send_away()
    assert sent == [people[0], people[99]]
    assert clock.passed == pytest.approx(2 * module.APART)


@pytest.mark.parametrize("leaves", [True, False])
async def test_one_that_takes_nothing_in_or_fails_keeps_no_other_open(
    monkeypatch: pytest.MonkeyPatch, leaves: bool
) -> None:
    monkeypatch.setattr(module, "FAREWELL", 0.0)
    closed: list[int] = []

    async def stuck(_code: int) -> None:
        await asyncio.Event().wait()

    async def broken(_code: int) -> None:
        raise OSError("gone")

    async def close(code: int) -> None:
        closed.append(code)

    held = Sockets()
    for one in (stuck, broken, close):
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
