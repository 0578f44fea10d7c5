"""What a model thinks while it is asked, and who is asked in its place when it fails."""

from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Self

from chatapp.agents.steps import LONGEST_OUTPUT, LONGEST_SHOWN, Kind, State, Step
from chatapp.pool.events import Attempt, Hop, PoolEvent, Text, Thought

PACE = 0.4
"""After so many seconds reasoning that grows is shown again."""


class Reasoning:
    """The steps of one question to the pool: the reasoning that counts, after what has failed.

    What a model thought that failed stays, with the step that tells who was asked in its place.
    """

    def __init__(self, show: Callable[[Step], None]) -> None:
        self._show = show
        self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over()
        if error is None:
            self.step.state = State.DONE
            if self.step.output or self.step.said:
                self._show(self.step)

    def hear(self, event: PoolEvent) -> None:
        """Take note of what the pool tells."""
        match event:
            case Thought(text):
                self._think(text)
            case Text() if self.step.output and self.step.ms is None:
                self._over()
                self._show(self.step)
            case Hop(attempt, label):
                self._fail(attempt, label)

    def _begin(self) -> None:
        self.step = Step(Kind.MODEL)
        self._began = self._due = monotonic()

    def _think(self, text: str) -> None:
        step, now = self.step, monotonic()
        if not step.output:
            self._began = now
        new = len(step.output) < LONGEST_SHOWN
        step.output = (step.output + text)[:LONGEST_OUTPUT]
        # Of what is not shown there is nothing new to be seen.
        if now >= self._due and new:
            self._due = now + PACE
            self._show(step)

    def _over(self) -> None:
        """The model thinks no longer."""
        if self.step.ms is None:
            self.step.ms = round((monotonic() - self._began) * 1000)

    def _fail(self, attempt: Attempt, label: str) -> None:
        step = self.step
        step.kind, step.state = Kind.HOP, State.DONE
        step.title, step.ms = _hop(attempt, label), round(attempt.duration_ms)
        self._show(step)
        self._begin()


def _hop(attempt: Attempt, label: str) -> str:
    if attempt.label == label:
        return f"{label} {attempt.why}, and was asked again"
    return f"{attempt.label} {attempt.why}, so {label} was asked"
