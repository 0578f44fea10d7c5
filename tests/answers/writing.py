"""Logs that are written when a test says so, and Redis that fails or waits at that."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from chatapp import redis as connection
from chatapp.answers import log_writer
from chatapp.answers.events import Event
from chatapp.answers.log import AnswerLog
from chatapp.answers.log_writer import LogWriter
from chatapp.database import new_id

USER, CHAT = new_id(), new_id()


def opened(writer: LogWriter, answer_id: UUID | None = None, epoch: int = 1) -> AnswerLog:
    return writer.open(USER, CHAT, answer_id or new_id(), epoch)


def said(events: list[Event]) -> list[Any]:
    return [(event.kind, event.data) for event in events]


class FlakyRedis:
    """Redis that fails at some pipelines, before or after it has done what it was asked."""

    def __init__(self, *faults: str) -> None:
        self.faults = list(faults)
        self.pipelines: list[int] = []

    def pipeline(self, **options: Any) -> Any:
        pipe: Any = connection.redis().pipeline(**options)
        execute = pipe.execute

        async def flaky(**options: Any) -> Any:
            self.pipelines.append(len(pipe))
            fault = self.faults.pop(0) if self.faults else ""
            if fault == "before":
                raise RedisConnectionError("gone")
            replies = await execute(**options)
            if fault == "after":
                raise RedisConnectionError("gone")
            return replies

        pipe.execute = flaky
        return pipe

    def __getattr__(self, name: str) -> Any:
        return getattr(connection.redis(), name)


class SlowRedis:
    """Redis whose pipelines wait until they may go on."""

    def __init__(self) -> None:
        self.writing = asyncio.Event()
        self.go_on = asyncio.Event()
        self.written: asyncio.Queue[None] = asyncio.Queue()

    def pipeline(self, **options: Any) -> Any:
        pipe: Any = connection.redis().pipeline(**options)
        execute = pipe.execute

        async def slow(**options: Any) -> Any:
            self.writing.set()
            await self.go_on.wait()
            replies = await execute(**options)
            self.written.put_nowait(None)
            return replies

        pipe.execute = slow
        return pipe

    def __getattr__(self, name: str) -> Any:
        return getattr(connection.redis(), name)


def flaky(monkeypatch: pytest.MonkeyPatch, *faults: str) -> FlakyRedis:
    made = FlakyRedis(*faults)
    monkeypatch.setattr(log_writer, "redis", lambda: made)
    return made
