"""The text in a message's content, which is a string or a list of blocks."""

from typing import Any


def text_of(content: str | list[Any]) -> str:
    """All text of a message's content, without thoughts, images and tool calls."""
    if isinstance(content, str):
        return content
    return "".join(
        block if isinstance(block, str) else str(block.get("text") or "")
        for block in content
        if isinstance(block, str) or block.get("type") == "text"
    )


def has_image(content: str | list[Any]) -> bool:
    """Whether a message's content has an image among its blocks."""
    return not isinstance(content, str) and any(
        isinstance(block, dict) and block.get("type") in {"image", "image_url"} for block in content
    )
