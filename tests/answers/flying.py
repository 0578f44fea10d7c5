"""Equal questions of several people, at one process or at two."""

import asyncio
from uuid import UUID

import pytest

from chatapp.answers.cache import Place, place_of
from chatapp.answers.models import Answer
from chatapp.answers.process import Process
from chatapp.answers.queueing import Asked
from chatapp.answers.request import request_for
from chatapp.chats.models import Message
from chatapp.redis import cache_redis
from tests.answers.world import ask, finished, row
from tests.chats.people import person

QUESTION = "please [[say 60 words at 60/s]]"
STALL = {"kind": "stall_after", "after": 20, "times": 1}
"""The first who is asked falls silent: there is time, and the leader is still the leader."""
REAL = pytest.mark.parametrize("backend", ["real"], indirect=True)
"""What is of no concern to the embedded parts."""


async def by_all(processes: list[Process], question: str, count: int) -> list[tuple[UUID, Asked]]:
    """Each of so many people asks at the same time, at one of the processes."""
    who = [await person(f"person{number}") for number in range(count)]
    at = [processes[number % len(processes)] for number in range(count)]
    asked = await asyncio.gather(*(ask(p, w, question) for p, w in zip(at, who, strict=True)))
    return list(zip(who, asked, strict=True))


async def rows_of(asked: list[tuple[UUID, Asked]]) -> list[tuple[Message, Answer]]:
    return [await row(each.answer_id) for _, each in asked]


async def ended(*processes: Process) -> None:
    for process in processes:
        await finished(process)


async def place(who: UUID, asked: Asked) -> Place:
    found = place_of(await request_for(who, asked.question_id, None))
    assert found
    return found


async def flights() -> list[bytes]:
    return [name async for name in cache_redis().scan_iter("cache:*:flight")]
