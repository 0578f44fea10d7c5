"""Asking, following and looking, as the pages do it, in the test's own process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlmodel import select

from chatapp.answers import asking
from chatapp.answers.follower import follow
from chatapp.answers.hub import Hub
from chatapp.answers.models import Answer
from chatapp.answers.process import Process
from chatapp.answers.queueing import Asked
from chatapp.chats.models import Message
from chatapp.database import new_id, reading
from tests.fakes import ProviderServer

WAIT_SECONDS = 15.0
GROQ_KEY = "gsk_sEcReT0123456789groq"
GOOGLE_KEY = "AIzasEcReT0123456789google012345678901"
KEYS = {"TEST_GROQ_KEY": GROQ_KEY, "TEST_GOOGLE_KEY": GOOGLE_KEY}
LABELS = {"groq": "Groq · llama-fake", "google": "Gemini · gemini-fake"}


def pool_file(fakes: ProviderServer) -> str:
    """A pool of Groq and Gemini, both of them fakes."""
    return f"""
    [[account]]
    name = "groq"
    provider = "groq"
    api_key_env = "TEST_GROQ_KEY"
    base_url = "{fakes.base_url("groq")}"
    [[account]]
    name = "google"
    provider = "google"
    api_key_env = "TEST_GOOGLE_KEY"
    base_url = "{fakes.base_url("google")}"
    [[member]]
    tier = "fast"
    account = "groq"
    model = "llama-fake"
    [[member]]
    tier = "fast"
    account = "google"
    model = "gemini-fake"
    """


def assemble(values: dict[str, Any], answer_id: UUID | str) -> list[str]:
    """The blocks of an answer as the browser makes them of its store."""
    message = values.get(f"m:{answer_id}")
    if not message or message["blocks"] is not None:
        return message["blocks"] if message else []
    blocks: list[str] = []
    while True:
        number = len(blocks)
        name = f"{answer_id}.{message['take']}.{number}."
        if f"{name}0" not in values:
            return [block for block in blocks if block.strip()]
        text, piece = "", 0
        while f"{name}{piece}" in values:
            text += values[f"{name}{piece}"]
            piece += 1
        blocks.append(text)


class Screen:
    """The store of one tab that follows a chat."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.updates: list[dict[str, Any]] = []
        self._news = asyncio.Condition()

    async def show(self, values: dict[str, Any]) -> None:
        async with self._news:
            self.values |= values
            self.updates.append(values)
            self._news.notify_all()

    async def until(self, condition: Callable[["Screen"], object]) -> None:
        """Wait for news after which the condition holds."""
        async with self._news:
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    await self._news.wait_for(lambda: bool(condition(self)))
            except TimeoutError:
                raise AssertionError(f"It did not happen: {self.values}") from None

    async def ended(self, answer_id: UUID) -> dict[str, Any]:
        """The view of an answer once it is no more running."""
        await self.until(lambda s: s.status(answer_id) not in ("", "queued", "streaming"))
        return self.values[f"m:{answer_id}"]

    def status(self, answer_id: UUID) -> str:
        return self.values.get(f"m:{answer_id}", {}).get("status", "")

    def blocks(self, answer_id: UUID) -> list[str]:
        return assemble(self.values, answer_id)

    def text(self, answer_id: UUID) -> str:
        return "".join(self.blocks(answer_id))


@asynccontextmanager
async def screen(
    hub: Hub, user_id: UUID, chat_id: UUID | None, zone: str = "UTC"
) -> AsyncIterator[Screen]:
    """A tab that follows a chat until the context ends; it has what is there already."""
    made = Screen()

    async def read() -> None:
        async for values in follow(hub, user_id, chat_id, zone):
            await made.show(values)

    task = asyncio.create_task(read())
    try:
        await made.until(lambda s: s.updates or task.done())
        yield made
    finally:
        task.cancel()
        done = (await asyncio.gather(task, return_exceptions=True))[0]
        assert isinstance(done, asyncio.CancelledError), done


async def ask(
    process: Process,
    user_id: UUID,
    text: str,
    chat_id: UUID | None = None,
    client_id: UUID | None = None,
    agent_id: UUID | None = None,
) -> Asked:
    client_id = client_id or new_id()
    return await asking.ask(process.runner, user_id, chat_id, text, client_id, agent_id=agent_id)


async def finished(process: Process) -> None:
    """Wait until no answer runs in this process."""
    async with asyncio.timeout(WAIT_SECONDS):
        while tasks := list(process.runner._tasks.values()):
            await asyncio.wait(tasks)
            await asyncio.sleep(0)


async def row(answer_id: UUID) -> tuple[Message, Answer]:
    """An answer as the database has it."""
    async with reading() as session:
        message = await session.get_one(Message, answer_id)
        return message, await session.get_one(Answer, answer_id)


async def messages(user_id: UUID) -> list[Message]:
    """All messages of a person, oldest first."""
    async with reading() as session:
        found = await session.exec(
            select(Message).where(Message.user_id == user_id).order_by("created_at", "id")
        )
        return list(found.all())


def words(count: int) -> str:
    """What the fakes answer to ``[[say N words]]``."""
    return " ".join(f"w{number}" for number in range(count))
