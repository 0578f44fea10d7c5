"""One question's place in the waiting line, as who makes its answer sees it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from chatapp.answers.order import Waiting
from chatapp.answers.standing import Standing
from chatapp.pool.errors import PoolExhausted
from chatapp.pool.events import Held

FULL = "So many questions are waiting that there is no room for yours. Please try again later."

Tell = Callable[[Standing | None], None]


class LineFull(PoolExhausted):
    """There are already as many questions in line as may be."""

    def __init__(self) -> None:
        super().__init__((), busy=True)
        self.args = (FULL,)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants instead of waiting."""

    tier: str = ""
    """To be answered by this tier."""
    own_key: bool = False
    """To be answered with a key of their own."""


class Group(Protocol):
    """The line of one tier, as a place in it knows it."""

    def enter(self, place: "Place", held: Held | None) -> None:
        """Let a question stand there; ``held``: what the pool has just told it."""

    async def leave(self, place: "Place", *, asked: bool) -> None:
        """Let a question go; the next one is called."""


class Place:
    """One question's place in the line, from the moment when it has to wait."""

    def __init__(self, group: "Group", answer_id: UUID, tell: Tell, moment: int) -> None:
        self.waiting = Waiting(answer_id, moment=moment)
        self.trying = False
        self.own_key = False
        """Whether a key of the person's own could be used instead."""
        self._group = group
        self._tell = tell
        self._told: Standing | None = None
        self._wish: Wish | None = None
        self._full = False
        self._wake = asyncio.Event()

    async def turn(self, held: Held | None) -> Wish | None:
        """Wait until the pool may be asked, or until the person wants something else.

        Args:
            held: What the pool has just said; None: it was not asked, because others wait.

        Raises:
            LineFull: there is no room in the line.
        """
        self._wake.clear()
        self.trying = False
        self._group.enter(self, held)
        await self._wake.wait()
        if self._full:
            raise LineFull
        wish, self._wish = self._wish, None
        return wish

    async def asked(self) -> None:
        """The question is asked now: the next one may try."""
        self.show(None)
        await self._group.leave(self, asked=True)

    def call(self) -> None:
        """Let it try."""
        if not self.trying:
            self.trying = True
            self._wake.set()

    def wish(self, wish: Wish) -> None:
        """Let it do what the person wants."""
        self._wish = wish
        self._wake.set()

    def refuse(self) -> None:
        """There is no room."""
        self._full = True
        self._wake.set()

    def show(self, standing: Standing | None) -> None:
        """Tell where it stands, if that is news."""
        if standing is None and self._told is None:
            return
        if standing is None or standing.differs(self._told):
            self._told = standing
            self._tell(standing)

    @property
    def shown(self) -> bool:
        """Whether anything was told."""
        return self._told is not None
