"""One person with one tab."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

from bench.load.counts import Counts
from bench.load.manners import Account, Manners
from bench.load.tab import CHAT_STATE, NAVIGATE, Tab
from bench.load.turn import Turn

RUNNING = ("queued", "streaming")
PATIENCE = 120.0
"""After so many seconds without its end a question counts as lost."""


class Person(Tab):
    """Who sits before a tab."""

    def __init__(self, account: Account, manners: Manners, counts: Counts) -> None:
        super().__init__(account, manners, counts)
        self.there = False
        """Whether the page shows the chat."""
        self.talks = False
        """Whether this person asks from time to time."""
        self.turn: Turn | None = None
        self._known: set[str] = set()
        self._began = 0.0
        self._asked = 0
        self._next: asyncio.TimerHandle | None = None

    def come(self) -> None:
        """Open the page."""
        self._began = time.monotonic()
        self.open()

    def leave(self) -> None:
        """Close the page."""
        self.there = False
        if self._next:
            self._next.cancel()
        self.close()

    def talk(self, manners: Manners) -> None:
        """Begin to ask from time to time."""
        self.manners = manners
        self.talks = True
        self._think()

    def be_quiet(self) -> None:
        """Ask no more."""
        self.talks = False
        if self._next:
            self._next.cancel()

    # What people do.

    def _think(self) -> None:
        if self._next:
            self._next.cancel()
        if self.talks:
            pause = random.expovariate(1 / self.manners.think)
            self._next = self._loop.call_later(pause, self._act)

    def _act(self) -> None:
        if self.turn is None and self.there:
            chance = random.random()
            if chance < self.manners.reloads:
                self.counts.note("reloads")
                self.drop()
            elif chance < self.manners.reloads + self.manners.switches:
                self._switch()
            else:
                return self.ask()
        return self._think()

    def ask(self) -> None:
        """Send a question; what follows is thinking again."""
        self._asked += 1
        self.turn = Turn(self.manners, self._asked)
        self.turn.timer = self._loop.call_later(PATIENCE, self._give_up, self.turn)
        self.counts.note("asked")
        self._send_question(self.turn)
        if random.random() < self.manners.reloads:
            heard = random.uniform(0, self.turn.words / self.manners.rate)
            self._loop.call_later(heard, self._reload, self.turn)

    def _reload(self, turn: Turn) -> None:
        """In the middle of an answer."""
        if self.turn is turn and self.there:
            self.counts.note("reloads in an answer")
            self.drop()

    def _send_question(self, turn: Turn) -> None:
        form = {"message": turn.question, "client_id": turn.client_id}
        self.send(f"{CHAT_STATE}.ask", {"form": form})

    def _switch(self) -> None:
        others = [chat for chat in self.account.chats if chat != self.chat]
        if others:
            self.counts.note("switched")
            self.chat = random.choice(others)
            self._began = time.monotonic()
            self.there = False
            self.send(NAVIGATE)

    def _give_up(self, turn: Turn) -> None:
        turn.timer = None
        if self.turn is turn:
            self.turn = None
            shown = f"{turn.seen} of {turn.words + 1} tokens, accepted: {turn.accepted}"
            self.counts.fail("a question was not answered in time", shown)
            self._think()

    # What is shown.

    def lost(self) -> None:
        """The page is not there for a moment."""
        if self.there:
            self.there = False
            self.counts.note("connections lost")
            self._began = time.monotonic()

    def show(self, values: Mapping[str, Any]) -> None:
        """Look at what the page is told."""
        chat = f"c:{self.chat}"
        if not self.there and chat in values:
            self._arrive(missing=bool(values[chat]["missing"]))
        views = [value for name, value in values.items() if name.startswith("m:")]
        if self.turn:
            self._follow(self.turn, values, views)
        self._known.update(view["id"] for view in views)

    def _follow(
        self, turn: Turn, values: Mapping[str, Any], views: Sequence[Mapping[str, Any]]
    ) -> None:
        if values.get("accepted") == turn.client_id:
            turn.accepted = True
        if values.get("refused") == turn.client_id:
            self._finish(turn)
            self.counts.fail("a question was refused", str(values.get("notice")))
            return self._think()
        for view in views:
            if not turn.answer and view["role"] == "answer" and view["id"] not in self._known:
                turn.answer, turn.accepted = view["id"], True
                self.counts.delay("accepted", (time.monotonic() - turn.asked_at) * 1000)
        if turn.answer:
            turn.collect(values, self.counts)
            if turn.stop_at and turn.seen >= turn.stop_at:
                turn.stop_at, turn.stopped = 0, True
                self.counts.note("stops")
                self.send(f"{CHAT_STATE}.stop", {"answer_id": turn.answer})
        for view in views:
            if view["id"] == turn.answer and view["status"] not in RUNNING:
                return self._end(turn, view)
        return None

    def _arrive(self, *, missing: bool) -> None:
        self.there = True
        self.arrived()
        self.counts.note("pages shown")
        self.counts.delay("page shown", (time.monotonic() - self._began) * 1000)
        if missing:
            self.counts.fail("a chat is missing")
        turn = self.turn
        if turn:
            # A new follower sends all that is there again.
            turn.restart()
            if not turn.accepted:
                self._send_question(turn)

    def _end(self, turn: Turn, view: Mapping[str, Any]) -> None:
        self._finish(turn)
        turn.judge(view, self.counts)
        self._think()

    def _finish(self, turn: Turn) -> None:
        if turn.timer:
            turn.timer.cancel()
        self.turn = None
