"""Which tools there are, and how one is built for a turn."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool

from chatapp.agents.tools import (
    calculator,
    chat_search,
    clock,
    remember,
    service,
    units,
    web_page,
    web_search,
)
from chatapp.agents.tools.problems import FAILED, ToolProblem
from chatapp.agents.tools.tool import Caller, Tool
from chatapp.chats.text import storable

__all__ = ["Caller", "Tool", "ToolProblem", "available", "built"]

logger = logging.getLogger(__name__)

LONGEST = 20_000
"""Characters of what one use may give back."""

BUILT_IN = (
    calculator.TOOL,
    clock.TOOL,
    remember.TOOL,
    units.TOOL,
    chat_search.TOOL,
    web_page.TOOL,
    web_search.TOOL,
)


def available() -> tuple[Tool, ...]:
    """The tools that can be used now, as admins have set them."""
    return tuple(tool for tool, on in every() if on)


def every() -> list[tuple[Tool, bool]]:
    """All tools that are configured, as admins have set them, and whether each is on.

    What comes with the product is on by itself; a tool of an MCP server once an admin says so.
    """
    return own() + [as_set(tool, on=False) for tool in service.served()]


def own() -> list[tuple[Tool, bool]]:
    """Those of :func:`every` that come with the product."""
    ready = (tool for tool in BUILT_IN if tool is not web_search.TOOL or web_search.ready())
    return [as_set(tool, on=True) for tool in ready]


def titles() -> dict[str, str]:
    """What people call each tool that is known by its name, whether it can be used now or not."""
    served = (tool for server in service.servers() for tool in service.tools_of(server.id))
    return {tool.name: tool.title for tool in (*BUILT_IN, *served)}


def built(names: Iterable[str], caller: Caller) -> list[BaseTool]:
    """The tools of these names, for one caller; a name that is not available is left out.

    A use of one gives back a text of bounded length, in bounded time, or raises
    :class:`ToolProblem`, whose words may be shown.
    """
    wanted = set(names)
    return [_bounded(tool, tool.build(caller)) for tool in available() if tool.name in wanted]


def as_set(tool: Tool, *, on: bool) -> tuple[Tool, bool]:
    """A tool as admins have set it, and whether it is on; ``on``: what it is by itself."""
    choice = service.choice_of(tool.name)
    if choice is None:
        return tool, on
    acts = tool.acts if choice.acts is None else choice.acts
    return replace(tool, acts=acts), on if choice.on is None else choice.on


def _bounded(tool: Tool, base: BaseTool) -> BaseTool:
    inner = base.coroutine if isinstance(base, StructuredTool) else None
    if inner is None:
        raise TypeError(f"The tool {tool.name!r} has no coroutine.")

    async def use(**arguments: Any) -> str:
        try:
            async with asyncio.timeout(tool.timeout):
                return _cut(await inner(**arguments))
        except ToolProblem:
            raise
        except TimeoutError:
            raise ToolProblem(f"{tool.title} took longer than {tool.timeout:g} seconds.") from None
        except Exception as error:
            # Its words may hold what others wrote, or a key: neither is kept.
            logger.warning("The tool %s failed: %s", tool.name, type(error).__name__)
            raise ToolProblem(FAILED) from None

    return base.model_copy(update={"coroutine": use})


def _cut(text: str) -> str:
    text = storable(text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n(The rest is cut.)"
