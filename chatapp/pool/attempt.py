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
from chatapp.pool.content import text_of
from chatapp.pool.errors import EndedSilently, SaidNothing
from chatapp.pool.events import Attempt, Outcome

LINGER = 2.0
"""Seconds in which the usage may come after the last word."""

FINISHES = {"end_turn": "stop", "max_tokens": "length", "safety": "content_filter"}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the pool waits, in seconds."""

    first_token: float
    idle_gap: float


@dataclass(slots=True)
class Trying:
    """An attempt while it goes on."""

    member: Member
    started: float = field(default_factory=time.perf_counter)
    first: float | None = None
    spoke: bool = False
    """Whether there was a word or a tool call."""
    finish: str | None = None
    read: int = 0
    written: int = 0
    counted: bool = False

    def ended(self, outcome: Outcome) -> Attempt:
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
        if finish := _finish_of(chunk):
            self.finish = finish
        spoken = bool(text_of(message.content) or message.tool_call_chunks)
        if spoken:
            self.spoke = True
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
) -> AsyncGenerator[ChatGenerationChunk, None]:
    """Stream one member's answer. What comes before its first word is held back until then.

    Closing this generator closes the connection at once.

    Raises:
        TimeoutError: the first token or the next one took too long.
        EndedSilently: the stream ended without a finish reason.
        SaidNothing: the model finished without a word.
        Exception: what the integration raises.
    """
    clock = asyncio.get_running_loop()
    source = stream_of(model, messages, stop, options)
    responses: list[wire.Response] = []
    held: list[ChatGenerationChunk] = []
    deadline = clock.time() + patience.first_token
    try:
        while (chunk := await _next(source, responses, deadline, trying)) is not None:
            if trying.see(chunk):
                deadline = clock.time() + patience.idle_gap
            if trying.finish is not None:
                deadline = min(deadline, clock.time() + LINGER)
            held.append(chunk)
            if trying.spoke:
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
