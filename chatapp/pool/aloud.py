"""OpenAI's integration for all that speak its wire, some of which think aloud on it."""

from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI

from chatapp.pool.sse import openai_word


class Aloud(ChatOpenAI):
    """Keeps the reasoning that look-alikes tell beside the words; OpenAI itself tells none."""

    def _convert_chunk_to_generation_chunk(
        self,
        chunk: dict[str, Any],
        default_chunk_class: type,
        base_generation_info: dict[str, Any] | None,
    ) -> ChatGenerationChunk | None:
        plain = self.output_version != "v1"
        if plain and (word := _plain(chunk, default_chunk_class, base_generation_info)):
            return _said(word)
        made = super()._convert_chunk_to_generation_chunk(
            chunk, default_chunk_class, base_generation_info
        )
        match chunk:
            case {"choices": [{"delta": {"reasoning_content": str(thought)}}, *_]} | {
                "choices": [{"delta": {"reasoning": str(thought)}}, *_]
            } if made is not None and thought:
                made.message.additional_kwargs["reasoning_content"] = thought
        return made


def _plain(chunk: dict[str, Any], kind: type, info: dict[str, Any] | None) -> str | None:
    """The words of a chunk of which LangChain makes nothing but an assistant's words."""
    if kind is not AIMessageChunk or info or not (word := openai_word(chunk)):
        return None
    return word if chunk["choices"][0]["delta"].keys() == {"content"} else None


_FROM = {"model_provider": "openai"}
_MESSAGE = AIMessageChunk(content="", response_metadata=_FROM)
_CHUNK = ChatGenerationChunk(message=_MESSAGE)


def _said(word: str) -> ChatGenerationChunk:
    """What LangChain makes of words. A copy: most of an answer is this, and making it is dear."""
    fresh = {"additional_kwargs": {}, "response_metadata": dict(_FROM)}
    fresh |= {"tool_calls": [], "invalid_tool_calls": [], "tool_call_chunks": []}
    message = _MESSAGE.model_copy(update={"content": word, **fresh})
    return _CHUNK.model_copy(update={"message": message, "text": word})
