"""What is measured: an app that is served, its tabs, and the questions that are asked in them."""

import asyncio
import math
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Self

from bench.line import Line
from tests.fakes import ProviderServer

PATIENCE = 90.0
NO_LIMITS = {"rpm": 10**6, "tpm": 10**9, "rpd": 10**7}


@dataclass
class Turn:
    """A question and what came of it. Times are of the clock that the providers use."""

    question: str
    asked_at: float = field(default_factory=time.monotonic)
    first_at: float | None = None
    """When the first words arrived."""
    shown: str | None = None
    """The text on the screen at the end."""
    answer_id: str = ""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    failure: Exception | None = None

    async def wait(self) -> Self:
        """Wait for the end."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.ended.wait()
        except TimeoutError:
            raise TimeoutError(f"Not answered in time: {self}") from None
        if self.failure is not None:
            raise self.failure
        return self

    def speak(self, at: float) -> None:
        """Note the first words."""
        if self.first_at is None:
            self.first_at = at

    def end(self, shown: str) -> None:
        """Note the end."""
        self.shown = shown
        self.ended.set()

    @property
    def wait_for_words(self) -> float:
        """Seconds from the question to the first words; for ever if there were none."""
        return math.inf if self.first_at is None else self.first_at - self.asked_at


class Tab(ABC):
    """An open tab with a chat in it."""

    line: Line

    def __init__(self) -> None:
        self.turn: Turn | None = None
        """The question that is being answered."""

    def ask(self, question: str) -> Turn:
        """Send a question."""
        self.turn = Turn(question)
        self.send(question)
        return self.turn

    @abstractmethod
    def send(self, question: str) -> None:
        """Send a question as the page does."""

    def on_lost(self, error: Exception) -> None:
        """Nothing more will come."""
        if self.turn is not None:
            self.turn.failure = error
            self.turn.ended.set()

    async def close(self) -> None:
        await self.line.close()


class Subject(ABC):
    """An app that is served by one process."""

    name: str
    redis_url: str

    def __init__(self, provider: ProviderServer) -> None:
        self.provider = provider

    @property
    def provider_url(self) -> str:
        """The address of its own account at the fake provider."""
        return self.provider.base_url("groq", self.name)

    async def provide(self, **behaviour: Any) -> None:
        """Let the provider behave so towards this app. It has no limits that could be met."""
        await self.provider.set("groq", account=self.name, limits=NO_LIMITS, **behaviour)

    @property
    @abstractmethod
    def pid(self) -> int:
        """The process that serves it."""

    @abstractmethod
    async def start(self) -> None:
        """Serve."""

    @abstractmethod
    async def stop(self) -> None:
        """Serve no more."""

    @abstractmethod
    async def open_tab(self, messages: int = 0, *, deflate: bool = True) -> Tab:
        """Open a chat with so many messages in a tab, each of another person."""

    @abstractmethod
    async def wrong(self, turns: list[Turn], expected: str) -> list[str]:
        """What is wrong with the answers to questions that should all have this one."""


def message_texts(count: int) -> list[str]:
    """What the messages of a chat say before it is measured."""
    return [f"Message {number} says this and that. " * 6 for number in range(count)]


def differences(name: str, where: str, expected: str, texts: list[str | None]) -> list[str]:
    """One line if not all texts are what they should be."""
    bad = [text for text in texts if text != expected]
    if not bad:
        return []
    lengths = ", ".join(str(len(text or "")) for text in bad[:5])
    said = f"{len(bad)} of {len(texts)} answers are not equal to the provider's"
    return [f"{name}, {where}: {said} ({len(expected)} characters; they have {lengths})"]
