"""What a tool is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom a tool works: what it may see is theirs."""

    user_id: UUID
    chat_id: UUID | None = None
    zone: str = ""
    """A name of the zone database; empty: what the person's browser said last."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as it is offered, with what it may do."""

    name: str
    """What models call it: letters, digits, ``_`` and ``-``, 64 at most."""
    title: str
    """What people call it."""
    meaning: str
    """What it does, in a sentence for people."""
    acts: bool
    """Whether it changes something outside: then a person is asked before each use."""
    timeout: float
    """How long, in seconds, one use may take."""
    build: Callable[[Caller], BaseTool]


def made(
    name: str,
    description: str,
    arguments: type[BaseModel],
    use: Callable[..., Awaitable[str]],
) -> StructuredTool:
    """A tool for LangChain from a function and the model of its arguments."""
    return StructuredTool.from_function(
        coroutine=use, name=name, description=description, args_schema=arguments
    )
