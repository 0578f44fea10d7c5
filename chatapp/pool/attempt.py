"""One member's try at a question: its stream, watched by the clock and judged at its end."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk

from chatapp.pool import wire
from chatapp.pool.config import Member
from chatapp.pool.content import text_of, thought_of
from chatapp.pool.days import until_midnight
from chatapp.pool.errors import EndedSilently, Failure, SaidNothing
from chatapp.pool.events import Attempt, Outcome
from chatapp.pool.leases import Ending
from chatapp.pool.signals import NOTHING, Told, told

LINGER = 2.0
"""Seconds in which the usage may come after the last word."""

LONGEST_HOLD = 26 * 3600.0
"""Seconds after which a member is tried again, whatever its provider has said."""

FINISHES = {"end_turn": "stop", "max_tokens": "length", "safety": "content_filter"}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the pool waits, in seconds."""

    first_token: float = 20.0
    """For a member's first token."""
    idle_gap: float = 30.0
    """Between two pieces of an answer."""
    total: float = 300.0
    """For the whole answer, with all attempts."""
    line: float = 2.0
    """In line, when nobody can be asked at once."""
    hedge: float | None = None
    """For a first token, before a second member is asked as well; None: it never is."""


@dataclass(slots=True)
class Trying:
    """An attempt while it goes on."""

    member: Member
    waited: float = 0
    """Seconds in line before it."""
    started: float = field(default_factory=time.perf_counter)
    first: float | None = None
    spoke: bool = False
    """Whether there was a word or a tool call."""
    thought: bool = False
    """Whether there was reasoning."""
    finish: str | None = None
    read: int = 0
    written: int = 0
    kept: int = 0
    """Tokens of the prompt that the provider had kept."""
    counted: bool = False
    responses: list[wire.Response] = field(default_factory=list)

    def begin(self) -> None:
        """The member is asked now: what came before was not its time."""
        self.started = time.perf_counter()

    def ended(self, outcome: Outcome, why: str = "", error: str = "") -> Attempt:
        """The record of this attempt."""
        now = time.perf_counter()
        return Attempt(
            member=self.member.name,
            label=self.member.label,
            outcome=outcome,
            first_token_ms=None if self.first is None else (self.first - self.started) * 1000,
            duration_ms=(now - self.started) * 1000,
            prompt_tokens=self.read if self.counted else None,
            completion_tokens=self.written if self.counted else None,
            wait_ms=self.waited * 1000,
            why=why,
            cached_tokens=self.kept if self.counted else None,
            error=error,
        )

    def ending(self, outcome: Outcome, failure: Failure | None) -> Ending:
        """What the next admissions need to know of this attempt."""
        now = time.perf_counter()
        response = self.responses[-1] if self.responses else None
        arrived = response.at if response is not None else self.first
        limits = NOTHING if response is None else told(self.member.account, response.headers)
        hold, why = _hold(self.member, failure, limits)
        return Ending(
            outcome,
            self.spoke,
            tokens=self.read + self.written if self.counted else _unread(outcome, self.spoke),
            written=self.written if self.counted else None,
            sent_ago=None if arrived is None else now - arrived,
            first_token=None if self.first is None else self.first - self.started,
            hold=hold,
            hold_why=why,
            kind=f"{outcome} {failure.kind}" if failure is not None else "",
            told=limits,
            told_ago=0 if response is None else now - response.at,
        )

    @property
    def usage(self) -> UsageMetadata | None:
        """The tokens, if the provider has told them."""
        if not self.counted:
            return None
        return UsageMetadata(
            input_tokens=self.read,
            output_tokens=self.written,
            total_tokens=self.read + self.written,
        )

    def see(self, chunk: ChatGenerationChunk) -> bool:
        """Take note of a chunk; whether it is a sign of life."""
        message = cast("AIMessageChunk", chunk.message)
        if usage := message.usage_metadata:
            self.counted = True
            self.read += usage["input_tokens"]
            self.written += usage["output_tokens"]
            self.kept += (usage.get("input_token_details") or {}).get("cache_read", 0) or 0
        if finish := _finish_of(chunk):
            self.finish = finish
        spoken = bool(text_of(message.content) or message.tool_call_chunks)
        if spoken:
            self.spoke = True
        if thought_of(message):
            self.thought = True
        alive = spoken or bool(message.content or message.additional_kwargs)
        if alive and self.first is None:
            self.first = time.perf_counter()
        return alive


async def speak(
    trying: Trying,
    model: BaseChatModel,
    messages: list[BaseMessage],
    stop: list[str] | None,
    options: dict[str, Any],
    patience: Patience,
    until: float,
    *,
    aloud: bool = False,
) -> AsyncGenerator[ChatGenerationChunk, None]:
    """Stream one member's answer. What comes before its first word is held back until then.

    Reasoning is a sign of life: a member that thinks has the time between two pieces of an answer
    for each of its thoughts, however long it thinks.

    Closing this generator closes the connection at once.

    Args:
        trying: Where it is noted how the attempt goes.
        model: The member's client.
        messages: The conversation.
        stop: Words at which the answer ends.
        options: The call's options, in the form of the member's integration.
        patience: How long to wait for each token.
        until: When the whole answer must have ended, by the loop's clock.
        aloud: Whether reasoning is not held back.

    Raises:
        TimeoutError: the first token, the next one or the whole answer took too long.
        EndedSilently: the stream ended without a finish reason.
        SaidNothing: the model finished without a word.
        Exception: what the integration raises.
    """
    clock = asyncio.get_running_loop()
    source = stream_of(model, messages, stop, options)
    responses = trying.responses
    held: list[ChatGenerationChunk] = []
    deadline = min(until, clock.time() + patience.first_token)
    try:
        while (chunk := await _next(source, responses, deadline, trying)) is not None:
            if trying.see(chunk):
                deadline = min(until, clock.time() + patience.idle_gap)
            if trying.finish is not None:
                deadline = min(deadline, clock.time() + LINGER)
            held.append(chunk)
            if trying.spoke or (aloud and trying.thought):
                for ready in held:
                    yield ready
                held.clear()
    finally:
        for response in responses:
            await response.aclose()
        await source.aclose()
    if trying.finish is None:
        raise EndedSilently
    if not trying.spoke:
        raise SaidNothing


async def _next(
    source: AsyncGenerator[ChatGenerationChunk, None],
    responses: list[wire.Response],
    deadline: float,
    trying: Trying,
) -> ChatGenerationChunk | None:
    try:
        with wire.noting(responses):
            async with asyncio.timeout_at(deadline):
                return await anext(source, None)
    except Exception:
        if trying.finish is None:
            raise
        return None  # the answer is complete, only the count of its tokens is missing


async def stream_of(
    model: BaseChatModel,
    messages: list[BaseMessage],
    stop: list[str] | None,
    options: dict[str, Any],
) -> AsyncGenerator[ChatGenerationChunk, None]:
    """A model's stream, below LangChain's callbacks and tracing, or its answer as one chunk."""
    kind = type(model)
    streams = (
        kind._astream is not BaseChatModel._astream or kind._stream is not BaseChatModel._stream
    )
    if streams:
        source: AsyncIterator[ChatGenerationChunk] = model._astream(messages, stop, **options)
        async for chunk in source:
            yield chunk
        return
    result = await model._agenerate(messages, stop, **options)
    generation: ChatGeneration = result.generations[0]
    message = generation.message
    info = generation.generation_info or {}
    yield ChatGenerationChunk(
        message=AIMessageChunk(
            content=message.content,
            additional_kwargs=message.additional_kwargs,
            response_metadata=message.response_metadata,
            tool_calls=getattr(message, "tool_calls", []),
            usage_metadata=getattr(message, "usage_metadata", None),
        ),
        generation_info={"finish_reason": "stop", **info},
    )


def translate(model: BaseChatModel, options: dict[str, Any]) -> dict[str, Any]:
    """Turn neutral call options into those of one integration: tools are bound the model's way."""
    options = dict(options)
    tools: Sequence[Any] | None = options.pop("tools", None)
    choice = options.pop("tool_choice", None)
    if not tools:
        return options
    if choice is not None:
        options["tool_choice"] = choice
    try:
        bound = model.bind_tools(tools, **options)
    except NotImplementedError:
        options.pop("tool_choice", None)
        return options  # a model without tools answers in words
    return dict(getattr(bound, "kwargs", options))


def _finish_of(chunk: ChatGenerationChunk) -> str | None:
    for source in (chunk.generation_info, chunk.message.response_metadata):
        if source:
            for name in ("finish_reason", "stop_reason", "done_reason"):
                if isinstance(value := source.get(name), str) and value:
                    word = value.lower()
                    return None if word.endswith("unspecified") else FINISHES.get(word, word)
    return None


def _unread(outcome: Outcome, spoke: bool) -> int | None:
    """The tokens of an attempt whose provider has not told them; None: as estimated."""
    return 0 if outcome in {"client", "auth", "rate"} and not spoke else None


def _hold(member: Member, failure: Failure | None, limits: Told) -> tuple[float | None, str]:
    """How long, in seconds, and why the provider does not want to be asked."""
    if failure is None or failure.outcome not in {"rate", "fail"}:
        return None, ""
    waits = [(failure.retry_after, "rate")]
    if failure.day:
        waits.append((until_midnight(member.day_clock), "rpd"))
    if failure.outcome == "rate" and failure.retry_after is None:
        waits.append((limits.wait, limits.why))
    known = [(wait, why) for wait, why in waits if wait is not None]
    wait, why = max(known, default=(None, "rate"))
    return (None if wait is None else min(wait, LONGEST_HOLD)), why
