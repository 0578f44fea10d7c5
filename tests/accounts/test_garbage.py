"""Garbage is looked for when tabs have gone, and never in what is still there."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from chatapp.accounts import garbage
from chatapp.accounts.garbage import CAME, GONE, SHARE, Collector
from chatapp.accounts.sockets import Sockets


class Held:
    """What a tab holds: it stands in a circle, so that only a look frees it."""

    def __init__(self) -> None:
        self.itself = self


class Tabs(Sockets):
    """Tabs that come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Held] = []

    def come(self, count: int) -> None:
        for _ in range(count):
            held = Held()

            async def close(_code: int, held: Held = held) -> None: ...

            assert self.add(str(self.opened), close)
            self.held.append(held)
            self._closes = [*getattr(self, "_closes", []), (str(self.opened - 1), close)]

    def go(self, count: int) -> None:
        for _ in range(count):
            key, close = self._closes.pop()
            self.remove(key, close)
            self.held.pop()


@pytest.fixture
def alone() -> Iterator[None]:
    """Nobody else looks for garbage meanwhile."""
    gc.disable()
    yield
    gc.unfreeze()
    gc.enable()


def test_what_tabs_hold_is_set_aside_as_they_come(alone: None) -> None:
    tabs = Tabs()
    collector = Collector(tabs)
    tabs.come(CAME - 1)
    collector.look()
    assert gc.get_freeze_count() == 0
    tabs.come(1)
    collector.look()
    assert gc.get_freeze_count() > CAME
    assert not any(each is tabs.held[0] for each in gc.get_objects())


def test_what_is_left_is_freed_when_enough_have_gone(alone: None) -> None:
    tabs = Tabs()
    collector = Collector(tabs)
    tabs.come(GONE + 10)
    collector.look()
    left = [weakref.ref(held) for held in tabs.held]
    tabs.go(GONE - 1)
    collector.look()
    assert all(each() for each in left)
    tabs.go(1)
    collector.look()
    assert [bool(each()) for each in left] == [True] * 10 + [False] * GONE
    assert gc.get_freeze_count() > 0


def test_the_more_are_open_the_more_must_have_gone(
    alone: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "GONE", 5)
    tabs = Tabs()
    collector = Collector(tabs)
    tabs.come(200)
    left = [weakref.ref(held) for held in tabs.held]
    tabs.go(6)
    collector.look()
    assert all(each() for each in left)
    tabs.go(200 // (SHARE + 1) - 6)
    collector.look()
    assert sum(each() is None for each in left) == 200 // (SHARE + 1)


def test_nothing_is_looked_for_while_the_process_ends(
    alone: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tabs = Tabs()
    collector = Collector(tabs)
    tabs.come(GONE)
    left = [weakref.ref(held) for held in tabs.held]
    tabs.go(GONE)
    monkeypatch.setattr(garbage.leaving, "begun", lambda: True)
    collector.look()
    assert all(each() for each in left)


def test_a_socket_counts_as_gone_once() -> None:
    tabs = Tabs()
    tabs.come(2)
    key, close = tabs._closes[-1]
    for _ in range(2):
        tabs.remove(key, close)
    assert (tabs.opened, tabs.closed, tabs.total()) == (2, 1, 1)
