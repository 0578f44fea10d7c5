"""What the lean provider says: words whose time of saying can be told from their place.

The first token is the moment in which it was said, in milliseconds of the machine's monotonic
clock. The others follow at an even pace, so whoever has the first one knows when each of them was
due; a provider that is late counts as a relay that is late.
"""

import re

ORDER = re.compile(rb"\[\[say (\d+) words at (\d+)/s\]\]")
_FIRST = re.compile(r"T(\d{12})")

PARAGRAPH = 60
"""Words of a paragraph."""

WIDTH = 6
"""Characters of a word with the space before it."""


OPENING = 13
"""Characters of the first token."""


def order(words: int, rate: int) -> str:
    """The part of a question that says what is to be answered."""
    return f"[[say {words} words at {rate}/s]]"


def first(milliseconds: int) -> str:
    """The first token."""
    return f"T{milliseconds:012d}"


def said_at(opening: str) -> int | None:
    """The moment that a first token tells, in milliseconds; None: it is none."""
    found = _FIRST.fullmatch(opening)
    return int(found[1]) if found else None


def word(number: int) -> str:
    """The token of a word, counted from 0."""
    before = " " if number % PARAGRAPH else "\n\n"
    return f"{before}w{number:04d}"


def text(opening: str, words: int) -> str:
    """A whole answer."""
    return opening + "".join(word(number) for number in range(words))


def tokens_until(block: int, length: int) -> int:
    """How many tokens have come when so much of this block is shown."""
    if block == 0:
        return 1 + (length - OPENING) // WIDTH if length >= OPENING else 0
    return 1 + (block - 1) * PARAGRAPH + (length + 1) // WIDTH


def tokens_of(length: int) -> int:
    """How many tokens are there when so many characters of an answer are."""
    rest = length - OPENING
    if rest < 0:
        return 0
    paragraphs, rest = divmod(rest, 1 + PARAGRAPH * WIDTH)
    begun = (rest - 1) // WIDTH if rest > WIDTH else 0
    return 1 + paragraphs * PARAGRAPH + begun
