"""Makes one's own log say what another's says."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError

from chatapp.answers import log
from chatapp.answers.events import START, Event, Kind
from chatapp.answers.log import AnswerLog
from chatapp.answers.repository import Outcome
from chatapp.chats.models import Status

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended, as its log tells."""

    status: Status
    problem: str = ""
    by: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    for_all: bool = False
    """Whether it would have ended so whoever asked: not by a stop and not by a fault of ours."""

    @classmethod
    def of(cls, outcome: Outcome) -> "Ending":
        """What others need to know of an outcome."""
        return cls(
            outcome.status,
            outcome.problem,
            outcome.answered_by,
            outcome.prompt_tokens,
            outcome.completion_tokens,
            outcome.for_all,
        )

    @property
    def failed(self) -> bool:
        """Whether it ended by an error."""
        return self.status is Status.FAILED

    def told(self) -> dict[str, Any]:
        """As it stands in a log."""
        return {
            "status": self.status,
            "problem": self.problem,
            "by": self.by,
            "tokens": [self.prompt_tokens, self.completion_tokens],
            "for_all": self.for_all,
        }

    @classmethod
    def heard(cls, data: dict[str, Any]) -> "Ending":
        """From a log, perhaps of another version of the product."""
        read, written = data.get("tokens", (0, 0))
        return cls(
            Status(data["status"]),
            data.get("problem", ""),
            data.get("by", ""),
            read,
            written,
            data.get("for_all", False),
        )


class Mirror:
    """One answer's words, followed for another one.

    What is shown already stays while the followed answer comes to the same words.
    """

    def __init__(self, chat_id: UUID, answer_id: UUID, own: AnswerLog) -> None:
        self.ending: Ending | None = None
        self._chat_id = chat_id
        self._answer_id = answer_id
        self._own = own
        self._position = START
        self._words: list[str] = []
        self._equal = False

    async def catch_up(self) -> None:
        """Read what the log holds beyond what was read."""
        try:
            missed = await log.read(self._chat_id, self._answer_id, self._position)
        except (RedisError, OSError) as error:
            logger.warning("A log could not be followed: %s", type(error).__name__)
            return
        for event in missed:
            self._take(event)

    async def read(self, events: Sequence[Event]) -> bool:
        """Take what was published; whether anything of it is of the followed answer."""
        mine = [event for event in events if event.answer_id == self._answer_id]
        for event in mine:
            if not event.position.follows(self._position):
                await self.catch_up()
            self._take(event)
        return bool(mine)

    def _take(self, event: Event) -> None:
        if self.ending or not self._position < event.position:
            return
        if event.kind is not Kind.RESTART and not event.position.follows(self._position):
            # Words before it are not to be had yet.
            return
        another_writer = self._position.epoch not in (START.epoch, event.position.epoch)
        if event.kind is Kind.RESTART or another_writer:
            self._words.clear()
            self._equal = False
        self._position = event.position
        if event.kind is Kind.TEXT:
            self._add(event.data)
        elif event.kind is Kind.LINE:
            # The place is that of whom one follows; what he may do instead is his.
            self._own.add(Kind.LINE, event.data and {**event.data, "smaller": "", "own": False})
        elif event.kind is Kind.ALONE:
            self.ending = Ending(Status.STOPPED)
        elif event.kind is Kind.END:
            self.ending = Ending.heard(event.data)
            if self.ending.for_all:
                self._own.become("".join(self._words))

    def _add(self, words: str) -> None:
        self._words.append(words)
        if self._equal:
            self._own.text(words)
            return
        whole = "".join(self._words)
        if not self._own.said.startswith(whole):
            self._own.become(whole)
            self._equal = True
