"""How much one turn may use, and what it has used of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Annotated

from pydantic import BaseModel, Field

from chatapp.controls import Control


class Budget(BaseModel):
    """The most that one turn may use."""

    steps: Annotated[int, Field(ge=1, le=50)] = 8
    """Times that a model is asked."""
    tokens: Annotated[int, Field(ge=1000)] = 60_000
    seconds: Annotated[int, Field(ge=5, le=3600)] = 180
    """Without the time in which it waits for a person."""


BUDGET = Control(
    "agents.budget",
    Budget,
    Budget(),
    "The most that one answer with tools may use: times that a model is asked, tokens, and "
    "seconds. Then the model must answer with what it has.",
)


class Spent:
    """What one turn has used."""

    def __init__(self, times: int, tokens: int) -> None:
        """Go on after other processes.

        Args:
            times: How often a model has called tools.
            tokens: What that has cost.
        """
        self._times = times
        self._tokens = tokens
        self._until = monotonic() + BUDGET.value.seconds

    def asked(self, tokens: int) -> None:
        """A model was asked."""
        self._times += 1
        self._tokens += tokens

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """The time in here is a person's, and does not count."""
        began = monotonic()
        try:
            yield
        finally:
            self._until += monotonic() - began

    @property
    def all_but_one(self) -> bool:
        """Whether a model may be asked but once more."""
        budget = BUDGET.value
        return (
            self._times >= budget.steps - 1
            or self._tokens >= budget.tokens
            or monotonic() >= self._until
        )
