"""An agent's turn: the model and the tools it calls, step by step, until it has answered.

LangChain's agent runs the loop. What the model says comes from the pool, whose failovers keep the
steps that are finished; each step is kept before the next one begins, so that whoever goes on with
the turn does nothing twice.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, cast

from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    AgentState,
    ModelRequest,
    ToolCallRequest,
    hook_config,
)
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.runtime import Runtime
from langgraph.types import Command

from chatapp.agents.budget import Spent
from chatapp.agents.calls import Calls
from chatapp.agents.desk import Desk
from chatapp.agents.reasoning import Reasoning
from chatapp.agents.steps import Step, kept_message, messages_of
from chatapp.agents.tools.tool import Tool
from chatapp.pool import events
from chatapp.pool.content import estimated_tokens, text_of, tokens_of
from chatapp.pool.service import pool

NO_MORE = (
    "(No more tools can be used for this answer. Answer now with what you have found, and say what "
    "is missing.)"
)
"""What a model is told beside the last result, in its language, when the budget is used."""

LOOPED = "The steps for one answer were used up before it came to an end."


class AgentTurn:
    """One question on its way through a model and its tools."""

    def __init__(
        self,
        desk: Desk,
        tools: Sequence[BaseTool],
        known: Mapping[str, Tool],
        steps: Sequence[Step],
    ) -> None:
        """Begin, or go on.

        Args:
            desk: Who makes the answer.
            tools: Those that the model may call.
            known: What they are, by their names.
            steps: Those that are finished already, of another process.
        """
        said = [step.said for step in steps if step.said is not None]
        self._desk = desk
        self._tools = tools
        self._schemas = [convert_to_openai_tool(tool) for tool in tools]
        self._spent = Spent(len(said), sum(each["tokens"] for each in said))
        self.calls = Calls(desk, tools, known, steps, self._spent)
        self._before = messages_of(steps)

    async def run(self, messages: Sequence[BaseMessage]) -> str:
        """Answer a conversation; the words go to the desk.

        Returns:
            What is to be said of how it ended; empty: the model came to its end.

        Raises:
            PoolError: nobody answered, or the answer was cut.
        """
        agent = create_agent(pool(), self._tools, middleware=[_Middle(self)])
        given = cast("list[Any]", [*messages, *self._before])
        said = await agent.ainvoke({"messages": given})
        last = said["messages"][-1]
        return "" if isinstance(last, AIMessage) and last.content else LOOPED

    @property
    def waits(self) -> bool:
        """Whether it goes on with calls that a process before this one has left."""
        return bool(self._before) and isinstance(self._before[-1], AIMessage)

    async def ask(self, messages: Sequence[BaseMessage]) -> AIMessage:
        """Ask the model what to say or to do next."""
        last = self._spent.all_but_one
        if last:
            messages = _told(messages, NO_MORE)
        said, called = "", None
        tokens = estimated_tokens(messages, {})
        answer = self._desk.ask(messages, [] if last else self._schemas)
        with Reasoning(self._desk.show) as reasoning:
            async with aclosing(answer) as heard:
                async for event in heard:
                    reasoning.hear(event)
                    self._desk.hear(event)
                    match event:
                        case events.Text(text):
                            said += text
                        case events.Restart():
                            said = ""
                        case events.Calls(message) if not last:
                            called = message
                        case events.Done(usage=usage):
                            tokens = usage["total_tokens"] if usage else tokens + tokens_of(said)
            if called is not None:
                reasoning.step.said = kept_message(called, tokens)
        self._spent.asked(tokens)
        return AIMessage(said) if called is None else await self.calls.begin(reasoning.step)


class _Middle(AgentMiddleware[AgentState[Any], Any, Any]):
    """Between LangChain's loop and the turn."""

    def __init__(self, turn: AgentTurn) -> None:
        super().__init__()
        self._turn = turn

    @hook_config(can_jump_to=["tools"])
    async def abefore_agent(
        self, state: AgentState[Any], runtime: Runtime[Any]
    ) -> dict[str, Any] | None:
        """Where the turn begins: with what another process has left, if there is something."""
        return {"jump_to": "tools"} if self._turn.waits else None

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[..., Awaitable[Any]]
    ) -> AIMessage:
        """Ask the pool, in place of the model alone."""
        return await self._turn.ask(request.messages)

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[..., Awaitable[Any]]
    ) -> ToolMessage | Command[Any]:
        """Use a tool under the turn's eyes."""
        return await self._turn.calls.use(request.tool_call, request.tool)


def _told(messages: Sequence[BaseMessage], words: str) -> list[BaseMessage]:
    """The messages, with words beside the last one that no model takes for the person's."""
    *before, last = messages
    content = f"{text_of(last.content)}\n\n{words}"
    return [*before, last.model_copy(update={"content": content})]
