"""What the agent of a turn stands at."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Protocol

from langchain_core.messages import BaseMessage

from chatapp.agents.steps import Step
from chatapp.pool.events import PoolEvent


class Desk(Protocol):
    """What a turn needs of who makes the answer."""

    def ask(
        self, messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]
    ) -> AsyncGenerator[PoolEvent, None]:
        """Ask a model."""
        ...

    def hear(self, event: PoolEvent) -> None:
        """The model says something."""

    def show(self, step: Step) -> None:
        """A step has changed. A new one gets its number."""

    def pause(self) -> None:
        """What was said so far stands, whatever becomes of the next step."""

    async def keep(self) -> None:
        """Write what was shown, so that another process can go on after it."""

    async def approved(self, step: Step) -> bool:
        """Wait until the person has approved a step, or refused it."""
        ...
