"""Tabs that note when how much of an answer was there, whoever serves them."""

from dataclasses import dataclass, field

from bench.baseline import NaiveTab
from bench.line import Delta
from bench.load import words
from bench.peer import ChainlitTab
from bench.product import ProductTab
from chatapp.ui.blocks import PIECE

BEGINNING = 25
"""Tokens of each answer that do not count: its question is still being worked on."""


@dataclass
class Growth:
    """When how many tokens of an answer were there."""

    opening: str = ""
    steps: list[tuple[float, int]] = field(default_factory=list)

    def note(self, at: float, tokens: int) -> None:
        """At a moment, in seconds of the monotonic clock, there were so many."""
        if not self.steps or tokens > self.steps[-1][1]:
            self.steps.append((at, tokens))

    def late(self, shown: str, rate: int) -> list[float]:
        """How late each token was, in milliseconds, when so many were said a second."""
        first, there, late = float(shown[1:13]), 0, list[float]()
        for at, tokens in self.steps:
            late += [at * 1000 - first - 1000 * n / rate for n in range(there, tokens)]
            there = tokens
        return late[BEGINNING:]


class Grows:
    """What a tab's turn has seen; mixed into the tabs of all subjects."""

    growth: Growth
    at = 0.0


class RelayProductTab(Grows, ProductTab):
    """Notes the growth of each block."""

    def _on_delta(self, delta: Delta, at: float) -> None:
        self.at = at
        super()._on_delta(delta, at)

    def _collect(self, name: str, value: str) -> bool:
        _answer, _take, block, piece = name.split(".")
        if value:
            length = int(piece) * PIECE + len(value)
            self.growth.note(self.at, words.tokens_until(int(block), length))
        return super()._collect(name, value)


class RelayNaiveTab(Grows, NaiveTab):
    """Notes the growth of the last message."""

    def _on_delta(self, delta: Delta, at: float) -> None:
        answering = self.turn is not None
        super()._on_delta(delta, at)
        if answering and len(self._messages) > self._before + 1:
            self.growth.note(at, words.tokens_of(len(self._messages[-1]["text"])))


class RelayChainlitTab(Grows, ChainlitTab):
    """Notes the growth of the answer."""

    def shows(self, text: str, at: float) -> None:
        super().shows(text, at)
        self.growth.note(at, words.tokens_of(len(text)))
