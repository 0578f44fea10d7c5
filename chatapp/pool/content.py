"""The text in a message's content, which is a string or a list of blocks."""

from collections.abc import Iterable
from typing import Any

from langchain_core.messages import BaseMessage

IMAGE_TOKENS = 1000
MESSAGE_TOKENS = 4


def text_of(content: str | list[Any]) -> str:
    """All text of a message's content, without thoughts, images and tool calls."""
    if isinstance(content, str):
        return content
    return "".join(
        block if isinstance(block, str) else str(block.get("text") or "")
        for block in content
        if isinstance(block, str) or block.get("type") == "text"
    )


def thought_of(message: BaseMessage) -> str:
    """The reasoning in a message: Groq puts it beside the content, Gemini among its blocks."""
    beside = message.additional_kwargs.get("reasoning_content")
    if isinstance(beside, str):
        return beside
    if isinstance(message.content, str):
        return ""
    return "".join(
        str(block.get("thinking") or "")
        for block in message.content
        if isinstance(block, dict) and block.get("type") == "thinking"
    )


def has_image(content: str | list[Any]) -> bool:
    """Whether a message's content has an image among its blocks."""
    return not isinstance(content, str) and any(
        isinstance(block, dict) and block.get("type") in {"image", "image_url"} for block in content
    )


def tokens_of(text: str) -> int:
    """About how many tokens a text has: four bytes are one."""
    return MESSAGE_TOKENS + len(text.encode(errors="replace")) // 4


def estimated_tokens(messages: Iterable[BaseMessage], options: dict[str, Any]) -> int:
    """About how many tokens a prompt has."""
    tokens = len(str(options.get("tools") or "")) // 4
    for message in messages:
        tokens += tokens_of(text_of(message.content))
        if has_image(message.content):
            tokens += IMAGE_TOKENS
    return tokens
