"""The handlers of the page about tools. What is shown is in the browser's store."""

from typing import Any, TypedDict
from uuid import UUID

import reflex as rx
from pydantic import ValidationError

from chatapp import controls
from chatapp.accounts.guard import admin_only, current_user
from chatapp.agents.budget import BUDGET
from chatapp.agents.tools import catalogue, service
from chatapp.agents.tools.entry import Entered, Unfit
from chatapp.agents.tools.models import McpServer
from chatapp.agents.tools.problems import ToolProblem
from chatapp.agents.tools.service import Gone
from chatapp.agents.tools.tool import Tool
from chatapp.controls import Outdated
from chatapp.ui.store import push

NEW = "new"
"""Names the form for a new server where others have their server's id."""

GONE = "This server is no longer there."
BUDGET_SAVED = "Saved. It holds for answers that begin from now on."
BUDGET_WRONG = (
    "Steps are from 1 to 50, tokens 1,000 or more, seconds from 5 to 3,600. Nothing was saved."
)

_testing: set[UUID] = set()
"""The servers that this process is testing now."""


class ToolView(TypedDict):
    """A tool, as admins see it."""

    name: str
    title: str
    meaning: str
    on: bool
    acts: bool


class ServerView(TypedDict):
    """An MCP server, as admins see it. Its headers are not in it."""

    id: str
    name: str
    url: str
    timeout: str
    version: str
    on: bool
    headers: bool
    problem: str
    tested: str
    """In ISO form; empty: never."""
    tools: list[ToolView]


class ToolsView(TypedDict):
    """All tools."""

    own: list[ToolView]
    servers: list[ServerView]


class BudgetView(TypedDict):
    """What one answer with tools may use."""

    steps: int
    tokens: int
    seconds: int


class MistakeView(TypedDict):
    """What was wrong with what was entered."""

    where: str
    """The id of a server, or ``NEW``."""
    words: str


class ToolsState(rx.State):
    """What admins do with tools."""

    @admin_only
    @rx.event
    async def load(self) -> None:
        """Show them."""
        await service.load()
        await _show("")
        await controls.load()
        budget = {"admin:budget": BUDGET.dump(BUDGET.value), "admin:budget:version": BUDGET.version}
        await push(budget | {"admin:budget:said": "", "admin:budget:stale": False})

    @admin_only
    @rx.event
    async def save_budget(self, form: dict[str, Any]) -> None:
        """Say what one answer with tools may use."""
        entered = {
            name: str(form.get(name) or "")[:20].strip() for name in BudgetView.__annotations__
        }
        try:
            seen = str(form.get("version", ""))
            await controls.change(BUDGET, entered, current_user().id, seen)
        except Outdated:
            await push({"admin:budget:said": "", "admin:budget:stale": True})
            return
        except ValidationError:
            told = {"admin:budget:said": BUDGET_WRONG, "admin:budget:wrong": True}
        else:
            told = {"admin:budget:said": BUDGET_SAVED, "admin:budget:wrong": False}
            told |= {
                "admin:budget": BUDGET.dump(BUDGET.value),
                "admin:budget:version": BUDGET.version,
            }
        await push(told | {"admin:budget:stale": False})

    @admin_only
    @rx.event
    async def switch(self, name: str, on: bool) -> None:
        """Let everybody's agents use a tool, or nobody's."""
        if tool := _known(name):
            await service.choose(name, on=on, by=current_user().id)
            await _show(f"{tool.title} is {'on' if on else 'off'} for everyone.")

    @admin_only
    @rx.event
    async def ask_before(self, name: str, asks: bool) -> None:
        """Have people asked before each use of a tool, or not."""
        if tool := _known(name):
            await service.choose(name, acts=asks, by=current_user().id)
            said = "is used once a person says so" if asks else "is used without asking"
            await _show(f"{tool.title} {said}.")

    @admin_only
    @rx.event(background=True)
    async def add(self, form: dict[str, Any]) -> None:
        """Keep a server and ask it for its tools."""
        try:
            added = await service.add(_entered(form), by=current_user().id)
        except Unfit as unfit:
            await _mistake(NEW, unfit)
        else:
            await _test(added)

    @admin_only
    @rx.event(background=True)
    async def change(self, form: dict[str, Any]) -> None:
        """Change a server and ask it for its tools."""
        server_id = _uuid(form.get("server_id"))
        try:
            seen, entered = str(form.get("version", "")), _entered(form)
            await service.change(server_id, entered, by=current_user().id, seen=seen)
        except Outdated:
            await push({"admin:tools:stale": str(server_id), "admin:tools:said": ""})
        except Unfit as unfit:
            await _mistake(str(server_id), unfit)
        except Gone:
            await _show(GONE)
        else:
            await _test(server_id)

    @admin_only
    @rx.event
    async def switch_server(self, server_id: UUID, on: bool) -> None:
        """Let the tools of a server be used, or none of them."""
        try:
            await service.switch(server_id, on=on, by=current_user().id)
        except Gone:
            await _show(GONE)
        else:
            await _show(f"The server is {'on' if on else 'off'} for everyone.")

    @admin_only
    @rx.event(background=True)
    async def test(self, server_id: UUID) -> None:
        """Ask a server for its tools."""
        await _test(server_id)

    @admin_only
    @rx.event
    async def remove(self, server_id: UUID) -> None:
        """Forget a server and what was said of its tools."""
        try:
            await service.remove(server_id, by=current_user().id)
        except Gone:
            await _show(GONE)
        else:
            await _show("The server and its tools are gone.")


async def _test(server_id: UUID) -> None:
    if server_id in _testing:
        return
    _testing.add(server_id)
    try:
        await _show("", busy=str(server_id))
        count = await service.test(server_id, by=current_user().id)
        said = f"The server answers, with {count} tool{'' if count == 1 else 's'}."
    except Gone:
        said = GONE
    except ToolProblem:
        said = ""  # It is shown with the server.
    finally:
        _testing.discard(server_id)
    await _show(said)


def _known(name: str) -> Tool | None:
    tools = [tool for tool, _ in catalogue.own()]
    tools += [tool for server in service.servers() for tool in service.tools_of(server.id)]
    return next((tool for tool in tools if tool.name == name), None)


def _entered(form: dict[str, Any]) -> Entered:
    def text(name: str) -> str:
        return str(form.get(name, ""))[:100_000]

    seconds = text("timeout").strip()
    headers: str | None = text("headers")
    if form.get("no_headers"):
        headers = ""
    elif not text("headers").strip():
        headers = None
    timeout = int(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) < 9 else 0
    return Entered(text("name"), text("url"), timeout, headers)


def _uuid(value: Any) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        return UUID(int=0)


async def _mistake(where: str, unfit: Unfit) -> None:
    mistake: MistakeView = {"where": where, "words": str(unfit)}
    await push({"admin:tools:mistake": mistake, "admin:tools:said": ""})


async def _show(said: str, busy: str = "") -> None:
    view: ToolsView = {
        "own": [_tool(tool, on) for tool, on in catalogue.own()],
        "servers": [_server(server) for server in service.servers()],
    }
    await push(
        {
            "admin:tools": view,
            "admin:tools:said": said,
            "admin:tools:busy": busy,
            "admin:tools:mistake": None,
            "admin:tools:stale": "",
        }
    )


def _server(server: McpServer) -> ServerView:
    tools = (catalogue.as_set(tool, on=False) for tool in service.tools_of(server.id))
    return {
        "id": str(server.id),
        "name": server.name,
        "url": server.url,
        "timeout": str(server.timeout),
        "version": service.version_of(server),
        "on": server.on,
        "headers": server.sealed is not None,
        "problem": server.problem,
        "tested": server.tested_at.isoformat() if server.tested_at else "",
        "tools": [_tool(tool, on) for tool, on in tools],
    }


def _tool(tool: Tool, on: bool) -> ToolView:
    return {
        "name": tool.name,
        "title": tool.title,
        "meaning": tool.meaning,
        "on": on,
        "acts": tool.acts,
    }
