"""What text of people and models may hold before it is kept."""

import re

TITLE_LENGTH = 60

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text with what no database or JSON can carry (NUL, lone surrogates) replaced."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def title_of(question: str) -> str:
    """A title for a chat from its first question, cut at a word: no model is asked."""
    line = " ".join(question.split())
    if len(line) <= TITLE_LENGTH:
        return line or "New chat"
    cut = line[:TITLE_LENGTH]
    head, _, _ = cut.rpartition(" ")
    return (head if len(head) > TITLE_LENGTH // 2 else cut).rstrip(" ,.;:-") + "…"
