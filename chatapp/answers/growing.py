"""The growing text of an answer, in the pieces in which it is sent to one tab."""

import secrets
from typing import Any
from uuid import UUID

from chatapp.agents.steps import StepView, summary
from chatapp.answers.events import START, Event, Kind
from chatapp.answers.standing import Standing
from chatapp.answers.views import MessageView
from chatapp.ui.blocks import Blocks, pieces


class Growing:
    """An answer whose text is sent in pieces."""

    def __init__(self, answer_id: UUID) -> None:
        self.answer_id = answer_id
        self.position = START
        self.view: MessageView | None = None
        self.standing: Standing | None = None
        """Where its question stands in line, if it does."""
        self.length = 0
        """Of the words that were read, in characters."""
        self._steps: list[StepView] = []
        self._name = secrets.token_urlsafe(3)
        self._takes = 0
        self._begin_again()

    @property
    def take(self) -> str:
        """Names the pieces: words that were taken back are not mixed with those that follow.

        Nor are those of the follower that a tab had before, perhaps at another process.
        """
        return f"{self._name}{self._takes}"

    def misses(self, event: Event) -> bool:
        """Whether words before this event have not been read."""
        return (
            self.position < event.position
            and event.kind is not Kind.RESTART
            and not event.position.follows(self.position)
        )

    def read(self, event: Event) -> dict[str, Any]:
        """The pieces that an event changes; none if it was read before, or words before it miss."""
        if not self.position < event.position or self.misses(event):
            return {}
        another_writer = self.position.epoch not in (START.epoch, event.position.epoch)
        values: dict[str, Any] = {}
        if event.kind is Kind.RESTART or another_writer:
            self._begin_again()
        if another_writer:
            # It tells the finished ones again; what was not finished is no more.
            values |= {self._name_of(number): None for number in range(len(self._steps))}
            self._steps.clear()
        self.position = event.position
        if event.kind is Kind.RESTART and event.data:
            for number, view in enumerate(event.data):
                self._see(number, view, values)
        if event.kind is Kind.STEP:
            self.standing = None
            number, view = event.data
            self._see(number, view, values)
        if event.kind is Kind.LINE:
            self.standing = Standing.read(event.data) if event.data else None
        if event.kind is Kind.TEXT:
            self.standing = None
            self._blocks.feed(event.data)
            self.length += len(event.data)
            self._collect(values)
        return values

    @property
    def thoughts(self) -> str:
        """The steps in one line."""
        return summary(self._steps)

    def _see(self, number: int, view: StepView, values: dict[str, Any]) -> None:
        self._steps[number : number + 1] = [view]
        values[self._name_of(number)] = view

    def _name_of(self, number: int) -> str:
        return f"s:{self.answer_id}.{number}"

    def _begin_again(self) -> None:
        self._takes += 1
        self._blocks = Blocks()
        self._sent: list[str] = []
        self._block = 0
        self.length = 0

    def _collect(self, values: dict[str, Any]) -> None:
        for block in self._blocks.finished:
            self._send(block, values)
            self._block += 1
            self._sent = []
        # They are sent once and not needed here any more.
        self._blocks.finished.clear()
        self._send(self._blocks.current, values)

    def _send(self, block: str, values: dict[str, Any]) -> None:
        now = pieces(block)
        now += [""] * (len(self._sent) - len(now))
        for number, piece in enumerate(now):
            if number >= len(self._sent) or self._sent[number] != piece:
                values[f"{self.answer_id}.{self.take}.{self._block}.{number}"] = piece
        self._sent = now
