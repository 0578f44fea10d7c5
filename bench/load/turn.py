"""A question of somebody, and what was shown of its answer."""

import asyncio
import random
import time
import uuid
from collections.abc import Mapping
from typing import Any

from bench.load import words
from bench.load.counts import Counts
from bench.load.manners import Manners
from chatapp.ui.blocks import PIECE


class Turn:
    """A question and what was shown of its answer."""

    __slots__ = (
        "accepted",
        "answer",
        "asked_at",
        "blocks",
        "client_id",
        "due",
        "question",
        "seen",
        "shown",
        "stop_at",
        "take",
        "timer",
        "words",
    )

    def __init__(self, manners: Manners, number: int) -> None:
        self.words = max(20, round(random.gauss(manners.words, manners.words / 5)))
        order = words.order(self.words, manners.rate)
        self.client_id = str(uuid.uuid4())
        # Unlike all others: an answer that is given again is not what is measured.
        self.question = f"What do you say to {self.client_id}, number {number}? {order}"
        self.asked_at = time.monotonic()
        self.accepted = False
        self.answer = ""
        self.blocks: dict[int, dict[int, str]] = {}
        self.take = ""
        self.due = 0.0
        self.shown = False
        self.seen = 0
        stops = random.random() < manners.stops
        self.stop_at = random.randint(5, self.words) if stops else 0
        self.timer: asyncio.TimerHandle | None = None

    def restart(self) -> None:
        """What was shown is taken back."""
        self.blocks.clear()
        self.seen = 0
        self.due = 0.0

    def collect(self, values: Mapping[str, Any], counts: Counts, rate: int) -> None:
        """Take in what was sent of the answer, and note how late its words are."""
        prefix = self.answer + "."
        newest = 0
        for name, value in values.items():
            if not name.startswith(prefix):
                continue
            _answer, take, block, piece = name.split(".")
            if take != self.take:
                self.take = take
                self.restart()
                newest = 0
            at = int(block)
            self.blocks.setdefault(at, {})[int(piece)] = value
            length = int(piece) * PIECE + len(value)
            if value:
                newest = max(newest, words.tokens_until(at, length))
        if newest > self.seen:
            self._measure(newest, counts, rate)

    def _measure(self, tokens: int, counts: Counts, rate: int) -> None:
        now = time.monotonic() * 1000
        if not self.due:
            opening = self.blocks.get(0, {}).get(0, "")
            if not opening.startswith("T"):
                return
            self.due = float(opening[1:13])
            if not self.shown:
                counts.delay("first word", now - self.due)
                self.shown = True
        step, add = 1000 / rate, counts.delay
        for number in range(max(self.seen, 1), tokens):
            add("word", now - self.due - number * step)
        counts.note("tokens", tokens - self.seen)
        self.seen = tokens

    def judge(self, view: Mapping[str, Any], counts: Counts) -> None:
        """Compare what is shown at the end with what the provider says."""
        parts = [
            "".join(text for _, text in sorted(pieces.items()))
            for _, pieces in sorted(self.blocks.items())
        ]
        shown = "\n\n".join(view["blocks"] or [part.strip("\n") for part in parts if part.strip()])
        expected = words.text(shown[:13], self.words)
        if view["status"] == "stopped":
            right = expected.startswith(shown)
        else:
            right = view["status"] == "done" and shown == expected
        counts.note(f"answers {view['status']}")
        if not right:
            said = f"{view['status']}, {len(shown)} of {len(expected)} characters"
            counts.fail("a wrong answer", f"{said} {view['problem']} …{shown[-40:]!r}")
