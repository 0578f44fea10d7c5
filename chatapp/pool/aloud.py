"""OpenAI's integration for all that speak its wire, some of which think aloud on it."""

from typing import Any

from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI


class Aloud(ChatOpenAI):
    """Keeps the reasoning that look-alikes tell beside the words; OpenAI itself tells none."""

    def _convert_chunk_to_generation_chunk(
        self,
        chunk: dict[str, Any],
        default_chunk_class: type,
        base_generation_info: dict[str, Any] | None,
    ) -> ChatGenerationChunk | None:
        made = super()._convert_chunk_to_generation_chunk(
            chunk, default_chunk_class, base_generation_info
        )
        match chunk:
            case {"choices": [{"delta": {"reasoning_content": str(thought)}}, *_]} | {
                "choices": [{"delta": {"reasoning": str(thought)}}, *_]
            } if made is not None and thought:
                made.message.additional_kwargs["reasoning_content"] = thought
        return made
