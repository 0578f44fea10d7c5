"""Cuts growing markdown into blocks, so that a finished block is sent and rendered once.

A block ends where markdown of its own begins: after a blank line, at a fence, at a heading. A list
goes on over blank lines. A block never grows beyond ``LONGEST``; a longer code block goes on in a
second one of the same language. So what is sent again and again stays small whatever comes.
"""

import re

LONGEST = 8_000
"""The length, in characters, at which a block is cut."""

PIECE = 400
"""The length, in characters, of the pieces in which a growing block travels."""

LONGEST_WHOLE = 4 * LONGEST
"""The length, in characters, of the longest text that is rendered whole for its footnotes."""

_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]+\]:", re.MULTILINE)
_FENCE = re.compile(r"(`{3,60})[ \t]*([^`\n]*)|(~{3,60})[ \t]*([^\n]*)")
_LANGUAGE = 60
"""So many characters of what stands behind a fence are repeated when its code goes on."""

_MATH = re.compile(r"\$\$[^$]*$")
_LIST_ITEM = re.compile(r"([-*+]|\d{1,9}[.)])([ \t]|$)")
_HEADING = re.compile(r"#{1,6}[ \t]")
_DECIDABLE = 12
"""So many characters of a line tell how it begins, even if the line is not complete."""


class Blocks:
    """The blocks of one growing text. All but the last are finished and never change."""

    def __init__(self) -> None:
        self.finished: list[str] = []
        self._open = ""
        self._scanned = 0
        self._fence = ""
        self._fence_line = ""
        self._math = False
        self._is_list = False
        self._after_blank = False

    @property
    def current(self) -> str:
        """The block in progress; it may be empty."""
        return self._open

    def feed(self, text: str) -> None:
        """Add text at the end."""
        for at in range(0, len(text), LONGEST):
            self._open += text[at : at + LONGEST]
            while self._scan_line():
                pass

    def all(self) -> list[str]:
        """All blocks that hold something."""
        return [block for block in [*self.finished, self._open] if block.strip()]

    def _scan_line(self) -> bool:
        start = self._scanned
        end = self._open.find("\n", start)
        stop = end if end >= 0 else len(self._open)
        # What is decided rests on what stands before the limit, however much has come already.
        too_long = stop > LONGEST
        complete = end >= 0 and not too_long
        line = self._open[start : min(stop, LONGEST)]
        decidable = complete or len(line.lstrip()) >= _DECIDABLE
        if start and decidable and not (self._fence or self._math) and self._begins_block(line):
            self._finish(start)
        elif too_long:
            self._cut_long()
        elif complete:
            self._read(line)
            self._scanned = end + 1
        else:
            return False
        return True

    def _begins_block(self, line: str) -> bool:
        if not line.strip():
            return False
        if self._is_list and (line[0] in " \t" or _LIST_ITEM.match(line)):
            return False
        return self._after_blank or bool(_FENCE.match(line) or _HEADING.match(line))

    def _read(self, line: str) -> None:
        stripped = line.strip()
        if self._fence:
            if stripped.startswith(self._fence) and not stripped.strip(self._fence[0]):
                self._fence = ""
                self._after_blank = not self._is_list
            return
        if self._math:
            self._math = not stripped.endswith("$$")
            return
        if not stripped:
            self._after_blank = True
            return
        if self._scanned == 0:
            self._is_list = bool(_LIST_ITEM.match(line))
        self._after_blank = bool(_HEADING.match(line)) and not self._is_list
        if fence := _FENCE.fullmatch(stripped):
            self._fence = fence[1] or fence[3]
            self._fence_line = self._fence + (fence[2] or fence[4] or "")[:_LANGUAGE]
        elif _MATH.match(stripped):
            self._math = True

    def _finish(self, at: int) -> None:
        # An empty block would be a hole in what is sent.
        if block := self._open[:at].strip("\n"):
            self.finished.append(block)
        self._open = self._open[at:]
        self._scanned = 0
        self._is_list = self._after_blank = False

    def _cut_long(self) -> None:
        at = self._scanned
        if at <= LONGEST // 2:
            at = self._open.rfind(" ", LONGEST // 2, LONGEST) + 1 or LONGEST
        fence, line = self._fence, self._fence_line
        self._finish(at)
        if fence:
            self.finished[-1] += f"\n{fence}"
            self._open = f"{line}\n{self._open}"
            self._scanned = len(line) + 1
        self._math = False


def is_one(text: str) -> bool:
    """Whether a finished text must be rendered whole: footnotes and references reach across it."""
    return len(text) <= LONGEST_WHOLE and bool(_DEFINITION.search(text))


def blocks_of(text: str) -> list[str]:
    """The blocks of a finished text."""
    if is_one(text):
        return [text]
    blocks = Blocks()
    blocks.feed(text)
    return blocks.all()


def pieces(block: str) -> list[str]:
    """A block in pieces of ``PIECE`` characters, in order."""
    return [block[at : at + PIECE] for at in range(0, len(block), PIECE)]
