"""What happens to answers and chats, as it travels in logs and on people's channels."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson


class Kind(StrEnum):
    """The kinds of events."""

    ASKED = "asked"
    """A question and its answer's place are in the database. ``data``: the ``question`` that was
    added, ``after`` which message, its ``text`` unless that is long, when it was asked (``at``)
    and which ``agent``; nothing when another answer to an old question was asked for."""
    TEXT = "text"
    """More words of an answer."""
    RESTART = "restart"
    """The words so far are taken back; the answer begins again. ``data``: all steps, by their
    numbers, for those who may have missed some; mostly nothing."""
    STEP = "step"
    """A step of the answer's turn as it is now. ``data``: its number, and how it is shown."""
    LINE = "line"
    """Where the question stands in the waiting line; without ``data``: it is asked now."""
    END = "end"
    """The answer's row has its final text and status. ``data``: what those need who have read all
    words, see :mod:`chatapp.answers.ending` and :class:`chatapp.answers.mirror.Ending`."""
    STOP = "stop"
    """A process shall stop an answer that it runs."""
    SEEN = "seen"
    """A person has looked at what was new in a chat."""
    ALONE = "alone"
    """Who has joined this answer must go elsewhere: it is made in another way from here on."""
    TURN = "turn"
    """Who is the first in a waiting line. ``data``: whose line, and whether it may try now."""
    WISH = "wish"
    """A person does not want to wait any more. ``data``: what they want instead."""
    DECIDED = "decided"
    """A person has approved or refused a step that waits. ``data``: its number."""
    BRANCH = "branch"
    """Another branch of a chat is shown. ``data``: the message at which it parts."""
    THUMB = "thumb"
    """A person has said something else of an answer with a thumb."""
    CHATS = "chats"
    """The list of chats has changed: a new title, a deleted chat."""


@dataclass(frozen=True, slots=True)
class Position:
    """The place of an event in an answer's log; orders writers first, then their events."""

    epoch: int
    number: int

    def __str__(self) -> str:
        """As the id of a Redis stream's entry."""
        return f"{self.epoch}-{self.number}"

    def __lt__(self, other: "Position") -> bool:
        """Whether this event came before the other."""
        return (self.epoch, self.number) < (other.epoch, other.number)

    def follows(self, other: "Position") -> bool:
        """Whether nothing lies between the other and this event."""
        if self.epoch == other.epoch:
            return self.number == other.number + 1
        return self.epoch > other.epoch and self.number == 1

    @classmethod
    def parse(cls, text: str) -> "Position":
        """From the id of a Redis stream's entry."""
        epoch, number = text.split("-")
        return cls(int(epoch), int(number))


START = Position(0, 0)


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``data`` is text for TEXT, else small values of JSON."""

    kind: Kind
    chat_id: UUID
    answer_id: UUID | None = None
    position: Position = START
    data: Any = None

    def encode(self, origin: str = "") -> bytes:
        """As it travels on a person's channel, with the name of the process that tells it."""
        return orjson.dumps(
            [self.kind, self.chat_id, self.answer_id, str(self.position), self.data, origin]
        )

    @classmethod
    def decode(cls, raw: bytes) -> "Event":
        """From a person's channel."""
        kind, chat_id, answer_id, position, data, *_ = orjson.loads(raw)
        return cls(
            Kind(kind),
            UUID(chat_id),
            UUID(answer_id) if answer_id else None,
            Position.parse(position),
            data,
        )


def channel(user_id: UUID) -> str:
    """The channel on which everything that concerns a person is published."""
    return f"user:{user_id}"
