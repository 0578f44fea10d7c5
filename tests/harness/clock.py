"""A wall clock that jumps, in the test's own process and in a Redis that is embedded in it."""

import time
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest


class Clock:
    """What this process takes for the time of the day; the monotonic clock goes on as ever."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        """Of the true time, in seconds."""
        true, true_ns = time.time, time.time_ns
        monkeypatch.setattr("time.time", lambda: true() + self.ahead)
        monkeypatch.setattr("time.time_ns", lambda: true_ns() + int(self.ahead * 1e9))

        def now(zone: Any = None) -> datetime:
            return datetime.now(zone) + timedelta(seconds=self.ahead)

        monkeypatch.setattr("chatapp.database.datetime", SimpleNamespace(now=now))

    def jump(self, **by: float) -> None:
        """Jump forward, or back with a negative number of ``hours``, ``days`` …"""
        self.ahead += timedelta(**by).total_seconds()
