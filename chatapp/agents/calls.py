"""The calls of a turn: what a model has called, and what came of it, in words in any case."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import BaseTool
from pydantic import BaseModel, ValidationError

from chatapp.agents.budget import Spent
from chatapp.agents.desk import Desk
from chatapp.agents.steps import (
    LONGEST_OUTPUT,
    Kind,
    State,
    Step,
    calls_of,
    message_of,
    shortened,
    written,
)
from chatapp.agents.tools.problems import in_words
from chatapp.agents.tools.tool import Tool
from chatapp.pool.content import text_of

logger = logging.getLogger(__name__)

AT_ONCE = 8
"""The most tools that a model may use in one step."""

REFUSED = "The person did not allow this. Do not try it again; go on without it."
UNKNOWN_END = (
    "This was interrupted, and whether it was done is not known. Do not try it again; tell the "
    "person to look whether it was done."
)
UNREADABLE = "The arguments were not valid JSON. Call the tool again with a JSON object."
GONE = "This tool is no longer there. Go on without it."
TOO_MANY = "Too many tools were called at once. Call this one again if it is still needed."


class Calls:
    """All calls of one turn, each of which is carried out once."""

    def __init__(
        self,
        desk: Desk,
        tools: Sequence[BaseTool],
        known: Mapping[str, Tool],
        steps: Sequence[Step],
        spent: Spent,
    ) -> None:
        """Begin, or go on.

        Args:
            desk: Who makes the answer.
            tools: Those that the model may call.
            known: What they are, by their names.
            steps: Those that are finished already, of another process.
            spent: Of whose time it is taken what a person takes.
        """
        self._desk = desk
        self._names = [tool.name for tool in tools]
        self._known = known
        self._spent = spent
        self._steps = {step.call: step for step in steps if step.call}
        self._broken: set[str] = set()
        self._last: Step | None = None
        for step in steps:
            if step.said is not None:
                self._note(step)
        for step in self._steps.values():
            if step.state is State.REFUSED:
                # By its person, perhaps when no process was there to say so.
                step.output = REFUSED
        if not tools:
            self._give_up()

    async def begin(self, asked: Step) -> AIMessage:
        """Keep what a model has called before any of it is done."""
        said = asked.said or {}
        for call in [*said["calls"], *said["broken"]]:
            known = self._known.get(call["name"])
            step = Step(
                Kind.TOOL,
                known.title if known else call["name"],
                State.QUEUED,
                input=shortened(written(call["args"]), LONGEST_OUTPUT),
                call=call["id"],
            )
            self._steps[step.call] = step
            self._desk.show(step)
        self._note(asked)
        self._desk.pause()
        await self._desk.keep()
        return message_of(said)

    async def use(self, call: Mapping[str, Any], tool: BaseTool | None) -> ToolMessage:
        """Use a tool as it was called, and tell what came of it, in words in any case."""
        step = self._steps[call["id"]]
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
            names = ", ".join(self._names)
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
        if step.state is not State.APPROVED:
            with self._spent.waiting():
                if not await self._desk.approved(step):
                    return False
        step.state = State.RUNNING
        self._desk.show(step)
        await self._desk.keep()
        return True

    def _note(self, asked: Step) -> None:
        """A model has called something."""
        self._last = asked
        self._broken |= {call["id"] for call in (asked.said or {}).get("broken", ())}

    def _place(self, step: Step) -> int:
        """The place of a call among those of its step."""
        return calls_of(self._last, self._steps.values()).index(step) if self._last else 0

    def _give_up(self) -> None:
        """End the calls for which there are no tools any more."""
        for step in self._steps.values():
            if not step.state.finished:
                step.state, step.output = State.FAILED, GONE


def _misfit(tool: BaseTool, arguments: Any) -> str:
    """Why arguments do not fit, before anybody is asked whether a tool may act on them."""
    schema = tool.args_schema
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        try:
            schema.model_validate(arguments)
        except ValidationError as error:
            return in_words(error)
    return ""
