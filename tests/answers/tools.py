"""Tools that tests watch at work, and turns that may use them."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pydantic import BaseModel, Field

from chatapp.agents.tools import catalogue
from chatapp.agents.tools.problems import ToolProblem
from chatapp.agents.tools.tool import Tool, made
from chatapp.answers import making

SECRET = "password=hunter2 at /srv/app.py"


class Question(BaseModel):
    """What is looked up."""

    city: str = Field(max_length=40)
    days: int = 1


@dataclass
class Toolbox:
    """What the tools were used for, and how they behave."""

    used: list[tuple[str, Any]] = field(default_factory=list)
    """The tool and its argument, in the order in which they were begun."""
    ended: list[Any] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    let: asyncio.Event = field(default_factory=asyncio.Event)
    """Without it the slow tool does not end."""

    async def look(self, city: str, days: int = 1) -> str:
        self.used.append(("look", city))
        return f"It is sunny in {city}."

    async def slow(self, city: str, days: int = 1) -> str:
        self.used.append(("slow", city))
        self.begun.set()
        await self.let.wait()
        self.ended.append(city)
        return f"It was slow in {city}."

    async def post(self, city: str, days: int = 1) -> str:
        self.used.append(("post", city))
        self.begun.set()
        return f"Posted to {city}."

    async def breaks(self, city: str, days: int = 1) -> str:
        raise RuntimeError(SECRET)

    async def sorry(self, city: str, days: int = 1) -> str:
        raise ToolProblem(f"There is no {city}.")

    def tools(self) -> tuple[Tool, ...]:
        def tool(name: str, title: str, use: Any, *, acts: bool = False, timeout: float = 20):
            about = f"Use it to {name}."
            return Tool(
                name, title, about, acts, timeout, lambda _: made(name, about, Question, use)
            )

        return (
            tool("look", "Weather", self.look),
            tool("slow", "Slow weather", self.slow),
            tool("late", "Late weather", self.slow, timeout=0.05),
            tool("post", "Post office", self.post, acts=True),
            tool("breaks", "Broken thing", self.breaks),
            tool("sorry", "Sorry thing", self.sorry),
        )


NAMES = ("look", "slow", "late", "post", "breaks", "sorry")


def give(monkeypatch: pytest.MonkeyPatch) -> Toolbox:
    """Let every turn use the toolbox."""
    box = Toolbox()
    monkeypatch.setattr(catalogue, "BUILT_IN", box.tools())
    plain = making.request_for

    async def with_tools(*arguments: Any, **options: Any) -> Any:
        return replace(await plain(*arguments, **options), tools=NAMES)

    monkeypatch.setattr(making, "request_for", with_tools)
    return box


def call(name: str, city: Any, **more: Any) -> dict[str, Any]:
    """A call as the fakes are told to make it."""
    return {"name": name, "args": {"city": city, **more}}
