"""An agent's turn: the model and the tools it calls, step by step, until it has answered.

LangChain's agent runs the loop. What the model says comes from the pool, whose failovers keep the
steps that are finished; each step is kept before the next one begins, so that whoever goes on with
the turn does nothing twice.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from time import monotonic
from typing import Annotated, Any, Protocol, cast

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
from pydantic import BaseModel, Field, ValidationError

from chatapp.agents.reasoning import Reasoning
from chatapp.agents.steps import (
    LONGEST_OUTPUT,
    Kind,
    State,
    Step,
    calls_of,
    kept_message,
    message_of,
    messages_of,
    shortened,
    written,
)
from chatapp.agents.tools.problems import in_words
from chatapp.agents.tools.tool import Tool
from chatapp.controls import Control
from chatapp.pool.content import estimated_tokens, text_of, tokens_of
from chatapp.pool.events import Calls, Done, PoolEvent, Restart, Text
from chatapp.pool.service import pool

logger = logging.getLogger(__name__)

AT_ONCE = 8
"""The most tools that a model may use in one step."""


class Budget(BaseModel):
    """The most that one turn may use."""

    steps: Annotated[int, Field(ge=1, le=50)] = 8
    """Times that a model is asked."""
    tokens: Annotated[int, Field(ge=1000)] = 60_000
    seconds: Annotated[int, Field(ge=5, le=3600)] = 180
    """Without the time in which it waits for a person."""


BUDGET = Control(
    "agents.budget",
    Budget,
    Budget(),
    "The most that one answer with tools may use: times that a model is asked, tokens, and "
    "seconds. Then the model must answer with what it has.",
)

NO_MORE = (
    "(No more tools can be used for this answer. Answer now with what you have found, and say what "
    "is missing.)"
)
"""What a model is told beside the last result, in its language, when the budget is used."""

LOOPED = "The steps for one answer were used up before it came to an end."
REFUSED = "The person did not allow this. Do not try it again; go on without it."
UNKNOWN_END = (
    "This was interrupted, and whether it was done is not known. Do not try it again; tell the "
    "person to look whether it was done."
)
UNREADABLE = "The arguments were not valid JSON. Call the tool again with a JSON object."
GONE = "This tool is no longer there. Go on without it."
TOO_MANY = "Too many tools were called at once. Call this one again if it is still needed."


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


class AgentTurn:
    """One question on its way through a model and its tools."""

    def __init__(
        self, desk: Desk, tools: Sequence[BaseTool], known: Mapping[str, Tool], steps: list[Step]
    ) -> None:
        """Begin, or go on.

        Args:
            desk: Who makes the answer.
            tools: Those that the model may call.
            known: What they are, by their names.
            steps: Those that are finished already, of another process.
        """
        self._desk = desk
        self._tools = tools
        self._known = known
        self._schemas = [convert_to_openai_tool(tool) for tool in tools]
        if not tools:
            _give_up(steps)
        self._before = messages_of(steps)
        self._asked = [step for step in steps if step.said is not None]
        self._used = sum((step.said or {}).get("tokens", 0) for step in self._asked)
        self._calls = {step.call: step for step in steps if step.call}
        self._broken = {
            call["id"] for step in self._asked for call in (step.said or {}).get("broken", ())
        }
        self._until = monotonic() + BUDGET.value.seconds
        self._ended = False

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
        last = self._spent()
        if last:
            messages = _told(messages, NO_MORE)
        said, kept = "", None
        called: AIMessage | None = None
        tokens = estimated_tokens(messages, {})
        answer = self._desk.ask(messages, [] if last else self._schemas)
        with Reasoning(self._desk.show) as reasoning:
            async with aclosing(answer) as events:
                async for event in events:
                    reasoning.hear(event)
                    self._desk.hear(event)
                    match event:
                        case Text(text):
                            said += text
                        case Restart():
                            said = ""
                        case Calls(message) if not last:
                            called = message
                        case Done(usage=usage):
                            tokens = usage["total_tokens"] if usage else tokens + tokens_of(said)
            if called is not None:
                kept = reasoning.step.said = kept_message(called, tokens)
                self._asked.append(reasoning.step)
        self._used += tokens
        return AIMessage(said) if kept is None else await self._called(kept)

    async def _called(self, kept: dict[str, Any]) -> AIMessage:
        """Keep what is to be done before any of it is."""
        for call in [*kept["calls"], *kept["broken"]]:
            known = self._known.get(call["name"])
            step = Step(
                Kind.TOOL,
                known.title if known else call["name"],
                State.QUEUED,
                input=shortened(written(call["args"]), LONGEST_OUTPUT),
                call=call["id"],
            )
            self._calls[step.call] = step
            self._desk.show(step)
        self._broken |= {call["id"] for call in kept["broken"]}
        self._desk.pause()
        await self._desk.keep()
        return message_of(kept)

    async def use(self, call: Mapping[str, Any], tool: BaseTool | None) -> ToolMessage:
        """Use a tool as it was called, and tell what came of it, in words in any case."""
        step = self._calls[call["id"]]
        if not step.state.finished:
            began = monotonic()
            step.state, step.output = await self._outcome(step, call, tool)
            step.output = shortened(step.output, LONGEST_OUTPUT)
            if step.ms is None:
                step.ms = round((monotonic() - began) * 1000)
            self._desk.show(step)
            await self._desk.keep()
        return step.result()

    async def _outcome(
        self, step: Step, call: Mapping[str, Any], tool: BaseTool | None
    ) -> tuple[State, str]:
        if call["id"] in self._broken:
            return State.FAILED, UNREADABLE
        known = self._known.get(call["name"])
        if tool is None or known is None:
            names = ", ".join(tool.name for tool in self._tools)
            return State.FAILED, f"There is no tool named “{call['name']}”. There are: {names}."
        if self._place(step) >= AT_ONCE:
            return State.FAILED, TOO_MANY
        if words := _misfit(tool, call["args"]):
            return State.FAILED, words
        if not known.acts:
            step.state = State.RUNNING
            self._desk.show(step)
        elif step.state is State.RUNNING:
            # Begun by a process that is no more.
            return State.FAILED, UNKNOWN_END
        elif not await self._may(step):
            return State.REFUSED, REFUSED
        return await self._use(step, call, tool, known)

    async def _use(
        self, step: Step, call: Mapping[str, Any], tool: BaseTool, known: Tool
    ) -> tuple[State, str]:
        began = monotonic()
        try:
            async with asyncio.timeout(known.timeout):
                result = await tool.ainvoke({**call, "type": "tool_call"})
        except TimeoutError:
            return State.FAILED, f"{known.title} took longer than {known.timeout:g} seconds."
        except Exception as error:
            logger.info("The tool %s failed: %s", known.name, type(error).__name__)
            return State.FAILED, in_words(error)
        finally:
            step.ms = round((monotonic() - began) * 1000)
        if isinstance(result, ToolMessage):
            failed = result.status == "error"
            return State.FAILED if failed else State.DONE, text_of(result.content)
        return State.DONE, str(result)

    async def _may(self, step: Step) -> bool:
        """Whether the person lets a tool act. It is kept that it begins, before it does."""
        began = monotonic()
        if step.state is not State.APPROVED and not await self._desk.approved(step):
            return False
        self._until += monotonic() - began
        step.state = State.RUNNING
        self._desk.show(step)
        await self._desk.keep()
        return True

    def _place(self, step: Step) -> int:
        """The place of a call among those of its step."""
        return calls_of(self._asked[-1], self._calls.values()).index(step)

    def _spent(self) -> bool:
        """Whether the model must answer now."""
        budget = BUDGET.value
        return (
            len(self._asked) >= budget.steps - 1
            or self._used >= budget.tokens
            or monotonic() >= self._until
        )


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
        return await self._turn.use(request.tool_call, request.tool)


def _misfit(tool: BaseTool, arguments: Any) -> str:
    """Why arguments do not fit, before anybody is asked whether a tool may act on them."""
    schema = tool.args_schema
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        try:
            schema.model_validate(arguments)
        except ValidationError as error:
            return in_words(error)
    return ""


def _give_up(steps: Sequence[Step]) -> None:
    """End the calls for which there are no tools any more."""
    for step in steps:
        if step.call and not step.state.finished:
            step.state, step.output = State.FAILED, GONE


def _told(messages: Sequence[BaseMessage], words: str) -> list[BaseMessage]:
    """The messages, with words beside the last one that no model takes for the person's."""
    *before, last = messages
    content = f"{text_of(last.content)}\n\n{words}"
    return [*before, last.model_copy(update={"content": content})]
