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

NOWHERE = (-1, 0)


class Turn:
    """A question and what was shown of its answer."""

    __slots__ = (
        "accepted",
        "answer",
        "asked_at",
        "client_id",
        "counted",
        "due",
        "last",
        "opening",
        "pieces",
        "question",
        "rate",
        "seen",
        "shown",
        "stop_at",
        "stopped",
        "take",
        "timer",
        "words",
    )

    def __init__(self, manners: Manners, number: int) -> None:
        self.words = max(20, round(random.gauss(manners.words, manners.words / 5)))
        self.rate = manners.rate
        order = words.order(self.words, self.rate)
        self.client_id = str(uuid.uuid4())
        # Unlike all others: an answer that is given again is not what is measured.
        self.question = f"What do you say to {self.client_id}, number {number}? {order}"
        self.asked_at = time.monotonic()
        self.accepted = False
        self.answer = ""
        self.pieces: dict[tuple[int, int], str] = {}
        """What the page shows, by the places of blocks and of pieces in them."""
        self.last = NOWHERE
        """The place furthest on."""
        self.take = ""
        self.opening = ""
        """The first token, which tells one saying of the provider from another."""
        self.due = 0.0
        self.shown = False
        """Whether any word was shown, ever."""
        self.seen = 0
        """Tokens on the page."""
        self.counted = 0
        """Tokens of this saying that were counted: what is shown again is not new."""
        stops = random.random() < manners.stops
        self.stop_at = random.randint(5, self.words) if stops else 0
        self.stopped = False
        """Whether its end was asked for."""
        self.timer: asyncio.TimerHandle | None = None

    def restart(self) -> None:
        """All that is there will be sent again."""
        self.pieces.clear()
        self.last = NOWHERE
        self.seen = 0

    def text(self) -> str:
        """What the page shows."""
        blocks: dict[int, str] = {}
        for (block, _), piece in sorted(self.pieces.items()):
            blocks[block] = blocks.get(block, "") + piece
        return "\n\n".join(text.strip("\n") for text in blocks.values() if text.strip())

    def collect(self, values: Mapping[str, Any], counts: Counts) -> None:
        """Take in what was sent of the answer, and note how late its words are."""
        prefix = self.answer + "."
        newest, before = 0, None
        for name, value in values.items():
            if not name.startswith(prefix):
                continue
            _answer, take, block, piece = name.split(".")
            if take != self.take:
                self._begin(take, counts)
                newest, before = 0, None
            at, number = place = int(block), int(piece)
            grows = place >= self.last and value.startswith(self.pieces.get(place, ""))
            if before is None and not grows:
                before = self.text()
            self.pieces[place] = value
            self.last = max(self.last, place)
            if value:
                newest = max(newest, words.tokens_until(at, number * PIECE + len(value)))
        # Words may go from the end of a block into the next one; the text is still the same.
        if before is not None and not self.text().startswith(before):
            counts.fail("text was taken back", f"…{before[-40:]!r}")
        if newest > self.seen:
            self.seen = newest
            self._measure(newest, self.pieces.get((0, 0), ""), counts)

    def _begin(self, take: str, counts: Counts) -> None:
        if self.pieces:
            counts.note("began again")
        self.take = take
        self.restart()

    def _measure(self, tokens: int, text: str, counts: Counts) -> None:
        now = time.monotonic() * 1000
        opening = text[: words.OPENING]
        if opening != self.opening:
            if (said := words.said_at(opening)) is None:
                return
            self.opening, self.due, self.counted = opening, float(said), 0
        if not self.shown:
            counts.delay("first word", now - self.due)
            self.shown = True
        if tokens <= self.counted:
            return
        step, add = 1000 / self.rate, counts.delay
        for number in range(max(self.counted, 1), tokens):
            add("word", now - self.due - number * step)
        counts.note("tokens", tokens - self.counted)
        self.counted = tokens

    def judge(self, view: Mapping[str, Any], counts: Counts) -> None:
        """Compare what is shown at the end with what the provider says."""
        page, status = self.text(), view["status"]
        if view["blocks"] is not None:
            shown = "\n\n".join(view["blocks"])
        else:
            shown = page if view["take"] == self.take else ""
        had_words = self.shown
        if shown:
            self._measure(words.tokens_of(len(shown)), shown, counts)
        counts.note(f"answers {status}")
        same_saying = shown[: words.OPENING] == page[: words.OPENING]
        if page and same_saying and not shown.startswith(page):
            counts.fail("text was taken back", f"at the end …{page[-40:]!r}")
        if not self._right(status, shown, had_words=had_words):
            said = f"{status}, {len(shown)} characters for {self.words} words"
            stop = "" if status != "stopped" or self.stopped else " that nobody stopped"
            counts.fail("a wrong answer", f"{said}{stop} {view['problem']} …{shown[-40:]!r}")

    def _right(self, status: str, shown: str, *, had_words: bool) -> bool:
        expected = words.text(shown[: words.OPENING], self.words)
        if status == "stopped" and not (self.stopped and expected.startswith(shown)):
            return False
        if status == "stopped" and not shown:
            return not had_words
        said = words.said_at(shown[: words.OPENING])
        # What was said before the question is the answer to another one.
        mine = said is not None and said >= int(self.asked_at * 1000)
        return mine and (status == "stopped" or (status == "done" and shown == expected))
