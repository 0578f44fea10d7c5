"""The tool calls of a streamed answer, put together in a form that every member understands.

Providers name their calls as they like, some not at all, and add what others would refuse. So a
conversation in which tools were used keeps only what all of them have in common: what was said, and
calls with names of our own. Gemini's signatures are kept beside them, and told to Gemini alone.
"""

import secrets
from typing import Any, cast

import orjson
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import invalid_tool_call, tool_call

from chatapp.pool.content import text_of
from chatapp.pool.events import Calls

Tool = dict[str, Any]
"""A tool as a model is told of it, in OpenAI's form."""

SIGNATURES = "__gemini_function_call_thought_signatures__"
"""Where the integration keeps what Gemini wants to see again beside each call, by the call's id."""


class Gathered:
    """The chunks of one answer."""

    def __init__(self) -> None:
        self._chunks: list[AIMessageChunk] = []

    def add(self, chunk: BaseMessage) -> None:
        """Take the next chunk."""
        self._chunks.append(cast("AIMessageChunk", chunk))

    def calls(self) -> Calls | None:
        """What is called, if anything is."""
        if not any(chunk.tool_call_chunks for chunk in self._chunks):
            return None
        first, *more = self._chunks
        return Calls(_neutral(cast("AIMessageChunk", first + more)))


def _neutral(whole: AIMessageChunk) -> AIMessage:
    signatures: dict[str, Any] = whole.additional_kwargs.get(SIGNATURES) or {}
    said = AIMessage(text_of(whole.content))
    kept: dict[str, Any] = {}
    for chunk in whole.tool_call_chunks:
        # Nine letters and digits: what all providers accept.
        name, id_ = chunk["name"] or "", secrets.token_hex(5)[:9]
        arguments = _object(chunk["args"])
        if arguments is not None:
            said.tool_calls.append(tool_call(name=name, args=arguments, id=id_))
        else:
            broken = invalid_tool_call(name=name, args=chunk["args"], id=id_, error=None)
            said.invalid_tool_calls.append(broken)
        if (signature := signatures.get(chunk["id"] or "")) is not None:
            kept[id_] = signature
    if kept:
        said.additional_kwargs[SIGNATURES] = kept
    return said


def _object(text: str | None) -> dict[str, Any] | None:
    """The arguments of a call; None: they cannot be read."""
    try:
        found = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
