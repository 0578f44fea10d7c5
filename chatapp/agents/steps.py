"""The steps of a turn: what the model thought and called, what tools gave, who was asked instead.

A step is shown as it comes and kept with its answer, so that another process can go on after it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypedDict

import orjson
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.messages.tool import tool_call

from chatapp.pool.calling import SIGNATURES

LONGEST_OUTPUT = 21_000
"""The most characters of what a tool gives that a model is given, and that are kept."""

LONGEST_SHOWN = 4_000
"""The most characters of one part of a step that a page shows."""


class Kind(StrEnum):
    """What a step is."""

    MODEL = "model"
    """A model was asked; ``output`` is its reasoning, where it gives one."""
    TOOL = "tool"
    HOP = "hop"
    """Another provider was asked in place of one that failed; ``output`` is what that thought."""


class State(StrEnum):
    """How far a step is."""

    QUEUED = "queued"
    """A call that was not begun."""
    ASKS = "asks"
    """It acts on the outside, and waits until its person has approved or refused it."""
    APPROVED = "approved"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    STOPPED = "stopped"

    @property
    def finished(self) -> bool:
        """Whether a model may be told what came of it."""
        return self in (State.DONE, State.FAILED, State.REFUSED)


class StepView(TypedDict):
    """A step as pages show it."""

    kind: str
    state: str
    title: str
    input: str
    output: str
    ms: int | None


@dataclass(slots=True)
class Step:
    """One step of a turn."""

    kind: Kind
    title: str = ""
    state: State = State.RUNNING
    number: int = -1
    """Its place in the turn, from 0, once it has one."""
    input: str = ""
    output: str = ""
    ms: int | None = None
    call: str = ""
    """The name of the call that a tool's step carries out."""
    said: dict[str, Any] | None = None
    """Of a model that called tools: its message, see :func:`kept_message`."""

    def view(self) -> StepView:
        """As pages show it."""
        return StepView(
            kind=self.kind,
            state=self.state,
            title=self.title,
            input=shortened(self.input, LONGEST_SHOWN),
            output=shortened(self.output, LONGEST_SHOWN),
            ms=self.ms,
        )

    def result(self) -> ToolMessage:
        """What the model is told of a call that is finished."""
        status = "success" if self.state is State.DONE else "error"
        return ToolMessage(self.output, tool_call_id=self.call, status=status)


def kept_message(message: AIMessage, tokens: int) -> dict[str, Any]:
    """A model's message with calls, as it is kept. ``broken`` are calls that cannot be read."""
    return {
        "text": message.content,
        "calls": [
            {"id": call["id"], "name": call["name"], "args": _clean(call["args"])}
            for call in message.tool_calls
        ],
        "broken": [
            {"id": call["id"], "name": call["name"], "args": _clean(call["args"] or "")}
            for call in message.invalid_tool_calls
        ],
        "signatures": message.additional_kwargs.get(SIGNATURES) or {},
        "tokens": tokens,
    }


def message_of(said: dict[str, Any]) -> AIMessage:
    """The message that was kept. A call that cannot be read has no arguments in it."""
    calls = [tool_call(name=c["name"], args=c["args"], id=c["id"]) for c in said["calls"]]
    calls += [tool_call(name=c["name"], args={}, id=c["id"]) for c in said["broken"]]
    signatures = {SIGNATURES: said["signatures"]} if said["signatures"] else {}
    return AIMessage(said["text"], tool_calls=calls, additional_kwargs=signatures)


def messages_of(steps: Sequence[Step]) -> list[BaseMessage]:
    """What was said and found out in finished steps; of a last one that is not, the calls alone."""
    found: list[BaseMessage] = []
    for at, step in enumerate(steps):
        if step.kind is not Kind.MODEL or step.said is None:
            continue
        found.append(message_of(step.said))
        results = calls_of(step, steps[at + 1 :])
        if all(result.state.finished for result in results):
            found += [result.result() for result in results]
    return found


def text_of(steps: Iterable[Step]) -> str:
    """What was said in finished steps."""
    return "\n\n".join(step.said["text"] for step in steps if step.said and step.said["text"])


def stopped(steps: Iterable[Step]) -> list[Step]:
    """Those that were not finished, which they will not be any more."""
    found = [step for step in steps if not step.state.finished]
    for step in found:
        step.state = State.STOPPED
    return found


def calls_of(step: Step, after: Iterable[Step]) -> list[Step]:
    """The steps that carry out what a model has called."""
    said = step.said or {"calls": [], "broken": []}
    ids = [call["id"] for call in [*said["calls"], *said["broken"]]]
    by_call = {each.call: each for each in after if each.call}
    return [by_call[id_] for id_ in ids if id_ in by_call]


def written(arguments: dict[str, Any] | str) -> str:
    """The arguments of a call for people: one value alone, several by their names."""
    if isinstance(arguments, str):
        return arguments
    if len(arguments) == 1 and isinstance(only := next(iter(arguments.values())), str):
        return only
    return "\n".join(f"{name}: {_plain(value)}" for name, value in arguments.items())


def shortened(text: str, length: int) -> str:
    """A text that is not longer than this, and says what it lacks."""
    if len(text) <= length:
        return text
    return f"{text[:length]}…\n({len(text) - length:,} more characters are left out)"


def summary(steps: Iterable[StepView]) -> str:
    """All steps in one line; empty if there is nothing worth it."""
    steps = list(steps)
    tools = [step for step in steps if step["kind"] == Kind.TOOL]
    if any(step["state"] == State.ASKS for step in tools):
        return "Waits for your approval"
    if now := [s["title"] for s in tools if s["state"] in (State.RUNNING, State.APPROVED)]:
        return f"Using {', '.join(dict.fromkeys(now))}"
    thoughts = [s for s in steps if s["kind"] == Kind.MODEL and s["output"]]
    if any(s["state"] == State.RUNNING and s["ms"] is None for s in thoughts):
        return "Thinking"
    seconds = sum(step["ms"] or 0 for step in [*tools, *thoughts]) / 1000
    if tools:
        count = f"{len(tools)} things" if len(tools) > 1 else "1 thing"
        return f"Looked up {count}, {seconds:.1f} s"
    if thoughts:
        return f"Thought for {seconds:.1f} s"
    hops = sum(step["kind"] == Kind.HOP for step in steps)
    return f"Took {hops + 1} tries" if hops else ""


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


def _clean(value: Any) -> Any:
    """A value without the character that no database takes."""
    match value:
        case str():
            return value.replace("\0", "")
        case dict():
            return {_clean(name): _clean(part) for name, part in value.items()}
        case list():
            return [_clean(part) for part in value]
    return value
