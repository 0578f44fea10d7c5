"""Processes that are killed in a turn with tools: what has acted is not done again."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from mcp.server.fastmcp import FastMCP
from mcp.types import ToolAnnotations

from chatapp.agents.calls import UNKNOWN_END
from chatapp.agents.models import Agent
from chatapp.agents.steps import State
from chatapp.agents.tools import mcp
from chatapp.agents.tools.models import McpServer, ToolChoice
from tests.agents.tools.serving import listening
from tests.answers.world import words
from tests.browser.rows import Rows
from tests.faults.conftest import World
from tests.faults.people import CHATS, PATIENCE, Screen, gone
from tests.harness.app import AppServer

NAMES = ("look", "search", "send")
SAYS = "I see."


@dataclass
class Workshop:
    """A real MCP server, what its tools were used for, and those that do not end."""

    used: list[str] = field(default_factory=list)
    stuck: set[str] = field(default_factory=set)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def use(self, name: str) -> str:
        async with self.news:
            self.used.append(name)
            self.news.notify_all()
            await self.news.wait_for(lambda: name not in self.stuck)
        return f"{name} is done"

    async def until_used(self, name: str) -> None:
        async with self.news, asyncio.timeout(PATIENCE):
            await self.news.wait_for(lambda: name in self.used)

    async def free(self) -> None:
        async with self.news:
            self.stuck.clear()
            self.news.notify_all()


@pytest.fixture(scope="session")
async def _workshop(two_processes: tuple[AppServer, AppServer]) -> AsyncIterator[Workshop]:
    """The tools of both processes, for an agent of everybody's."""
    shop, server = Workshop(), FastMCP("workshop")
    for name in NAMES:
        reads = ToolAnnotations(readOnlyHint=name != "send")

        async def use(what: str, name: str = name) -> str:
            return await shop.use(name)

        server.add_tool(use, name, description=f"Use it to {name}.", annotations=reads)
    async with listening(server.streamable_http_app()) as url:
        address = mcp.Address("shop", f"{url}/mcp", {}, 60)
        row = McpServer(
            name="shop", url=address.url, timeout=60, tools=await mcp.told_tools(address)
        )
        names = [mcp.full_name("shop", name) for name in NAMES]
        choices = [ToolChoice(name=name, on=True, acts=None) for name in names]
        agent = Agent(name="Smith", instructions="Use your tools.", tools=names)
        await Rows(two_processes[0].env).add([row], choices, [agent])
        # They know tools from their start on.
        for each in two_processes:
            await each.stop()
        yield shop
        await shop.free()


@pytest.fixture
async def workshop(_workshop: Workshop) -> AsyncIterator[Workshop]:
    _workshop.used.clear()
    yield _workshop
    await _workshop.free()


def call(name: str) -> dict[str, Any]:
    return {"name": mcp.full_name("shop", name), "args": {"what": name}}


def steps(screen: Screen) -> list[dict[str, Any]]:
    """The tools' steps of the newest answer, as a tab shows them."""
    found: list[dict[str, Any]] = []
    while step := screen.store.get(f"s:{screen.answers()[-1]}.{len(found)}"):
        found.append(step)
    return [step for step in found if step["kind"] == "tool"]


def states(screen: Screen) -> list[str]:
    return [step["state"] for step in steps(screen)] if screen.answers() else []


async def asked(world: World, *calls: str) -> Screen:
    """Somebody who reads there what was asked here, a tool a step."""
    await world.fakes.set(rounds=[[call(name)] for name in calls], says=SAYS)
    asking = await world.person.open(world.here)
    chat_id = await asking.ask("@Smith [[say 4 words]]")
    await asking.close()
    return await world.person.open(world.there, chat_id)


async def approve(screen: Screen) -> None:
    """Let go on what waits."""
    await screen.tab.until(lambda _: State.ASKS in states(screen), PATIENCE)
    answer_id = screen.answers()[-1]
    number = next(
        number
        for number in range(99)
        if screen.store[f"s:{answer_id}.{number}"]["state"] == State.ASKS
    )
    await screen.tab.send(f"{CHATS}.decide", answer_id=answer_id, number=number, approved=True)


async def killed(server: AppServer) -> None:
    os.kill(server.process.pid, signal.SIGKILL)
    await gone(server)


WHOLE = f"{SAYS}{SAYS}{words(4)}"


def text(screen: Screen) -> str:
    return screen.text().replace("\n", "")


async def test_a_tool_that_only_reads_is_used_again_by_who_takes_over(
    workshop: Workshop, world: World
) -> None:
    workshop.stuck.add("search")
    reader = await asked(world, "look", "search")
    await workshop.until_used("search")
    await killed(world.here)
    await workshop.free()
    assert await reader.ended() == "done"
    assert text(reader) == WHOLE
    assert states(reader) == [State.DONE, State.DONE]
    assert workshop.used == ["look", "search", "search"]
    assert len(await world.fakes.requests()) == 3
    await reader.close()


async def test_a_tool_that_acts_is_not_used_again_by_who_takes_over(
    workshop: Workshop, world: World
) -> None:
    workshop.stuck.add("send")
    reader = await asked(world, "look", "send")
    await approve(reader)
    await workshop.until_used("send")
    await killed(world.here)
    assert await reader.ended() == "done"
    assert text(reader) == WHOLE
    assert states(reader) == [State.DONE, State.FAILED]
    assert steps(reader)[-1]["output"] == UNKNOWN_END
    assert workshop.used == ["look", "send"]
    assert UNKNOWN_END in str((await world.fakes.requests())[-1]["body"])
    await reader.close()


async def test_an_approval_is_awaited_over_the_end_of_all_processes(
    workshop: Workshop, world: World
) -> None:
    reader = await asked(world, "look", "send")
    await reader.tab.until(lambda _: State.ASKS in states(reader), PATIENCE)
    chat_id = reader.chat_id
    for server in (world.here, world.there):
        await killed(server)
    for server in (world.here, world.there):
        await server.start()
    reader = await world.person.open(world.there, chat_id)
    await approve(reader)
    assert await reader.ended() == "done"
    assert text(reader) == WHOLE
    assert states(reader) == [State.DONE, State.DONE]
    assert workshop.used == ["look", "send"]
    assert len(await world.fakes.requests()) == 3
    await reader.close()
