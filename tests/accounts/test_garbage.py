"""Garbage is looked for when tabs have gone, and never in what is still there."""

from uuid import uuid4

import pytest

from chatapp.accounts import garbage
from chatapp.accounts.garbage import CAME, EACH, GONE, Collector
from chatapp.accounts.sockets import Close, Sockets

LOOK = ["unfreeze", "collect", "freeze"]


class Recorder:
    """In place of Python's collector, which would look at what all other tests have left."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def freeze(self) -> None:
        self.done.append("freeze")

    def unfreeze(self) -> None:
        self.done.append("unfreeze")

    def collect(self) -> None:
        self.done.append("collect")


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(garbage, "gc", made)
    return made


class Tabs(Sockets):
    """Tabs that come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.there: list[tuple[str, Close]] = []

    def come(self, count: int) -> None:
        for _ in range(count):

            async def close(_code: int) -> None: ...

            key = uuid4().hex
            assert self.add(key, close)
            self.there.append((key, close))

    def go(self, count: int) -> None:
        for _ in range(count):
            self.remove(*self.there.pop())


def test_what_tabs_hold_is_set_aside_as_they_come(recorder: Recorder) -> None:
    tabs = Tabs()
    collector = Collector(tabs)
    tabs.come(CAME - 1)
    collector.look()
    assert recorder.done == []
    tabs.come(1)
    collector.look()
    collector.look()
    assert recorder.done == ["freeze"]


def test_what_is_left_is_looked_for_when_enough_have_gone(recorder: Recorder) -> None:
    tabs = Tabs()
    collector = Collector(tabs)
    tabs.come(GONE + 10)
    collector.look()
    recorder.done.clear()
    tabs.go(GONE - 1)
    collector.look()
    assert recorder.done == []
    tabs.go(1)
    collector.look()
    collector.look()
    assert recorder.done == LOOK


def test_the_more_are_open_the_more_must_have_gone(recorder: Recorder) -> None:
    tabs = Tabs()
    collector = Collector(tabs)
    tabs.come(2 * GONE)
    collector.look()
    for _ in range(EACH - 1):
        tabs.go(2 * GONE)
        tabs.come(2 * GONE)
        collector.look()
    assert recorder.done == ["freeze"] * EACH
    recorder.done.clear()
    tabs.go(GONE)
    collector.look()
    assert recorder.done == LOOK


def test_nothing_is_looked_for_while_the_process_ends(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tabs = Tabs()
    collector = Collector(tabs)
    tabs.come(GONE)
    tabs.go(GONE)
    monkeypatch.setattr(garbage.leaving, "begun", lambda: True)
    collector.look()
    assert recorder.done == []


def test_a_socket_counts_as_gone_once() -> None:
    tabs = Tabs()
    tabs.come(2)
    for _ in range(2):
        tabs.remove(*tabs.there[-1])
    assert (tabs.opened, tabs.closed, tabs.total()) == (2, 1, 1)
