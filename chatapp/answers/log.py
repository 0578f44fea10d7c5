"""The log of an answer: a Redis Stream that a runner appends to and that anybody may read again.

The id of an entry is its :class:`Position`: the epoch of the writer, then a number. Redis refuses
an id that is not above the last. So a writer of an older epoch can add nothing once a newer one has
begun, and what is written again after a lost reply is not there twice. While Redis is away those
who follow in the same process read the log of the one who writes it.
"""

from itertools import pairwise
from time import monotonic
from typing import Any, Protocol
from uuid import UUID
from weakref import WeakValueDictionary

import orjson
from redis.exceptions import RedisError

from chatapp.answers.events import START, Event, Kind, Position, channel
from chatapp.answers.hub import deliver_here
from chatapp.redis import redis, tagged

MOST = 128
"""So many events of one answer may wait for Redis; what more of them come to takes their place."""

_here: WeakValueDictionary[UUID, "AnswerLog"] = WeakValueDictionary()
"""The logs that this process writes."""


def key(answer_id: UUID) -> str:
    """The key of an answer's log."""
    return tagged(f"answer:{{{answer_id}}}:log")


class Writer(Protocol):
    """Who writes what logs have to say."""

    def wake(self, log: "AnswerLog", *, at_once: bool) -> None:
        """There is something to write in ``log``."""
        ...


class AnswerLog:
    """The log of one answer, as its one writer sees it."""

    def __init__(
        self, writer: Writer, user_id: UUID, chat_id: UUID, answer_id: UUID, epoch: int
    ) -> None:
        self.chat_id = chat_id
        self.answer_id = answer_id
        self.channel = channel(user_id)
        """Where those follow whose chat it is."""
        self._epoch = epoch
        self._writer = writer
        self._said: list[str] = []
        self._joined = 0
        self._waiting: list[Event] = []
        self._number = 0
        self.told = 0
        """The number of the last event that was told to those who follow in this process."""
        self.ended = False
        """Whether the answer has ended, so that its row says it all."""
        self._alone = 0
        """The number of the event that sends away who has joined, if there was one."""
        self._pieces: list[tuple[int, int]] = [(0, 0)]
        """What the words were after each event since they began: its number and their count."""
        self._steps: dict[int, tuple[int, Any]] = {}
        """Each step as it is now, and the number of its event."""
        self._length: int | None = None
        self.first_at: float | None = None
        """When there was a first word, by the monotonic clock."""
        _here[answer_id] = self

    @property
    def said(self) -> str:
        """All words so far."""
        return "".join(self._said)

    def text(self, words: str) -> None:
        """Add words. The first ones are written at once, later ones in the next round."""
        if self.first_at is None:
            self.first_at = monotonic()
        self._said.append(words)
        self._writer.wake(self, at_once=len(self._said) == 1)

    def become(self, text: str) -> None:
        """Let all words be this text: what is missing is added, other words are taken back."""
        said = self.said
        if not text.startswith(said):
            self.restart()
            said = ""
        if len(said) < len(text):
            self.text(text[len(said) :])

    def restart(self) -> None:
        """Take all words back: others follow in their place."""
        self._said.clear()
        self._joined = 0
        self.add(Kind.RESTART)
        self._pieces = [(self._number, 0)]

    def step(self, number: int, view: Any) -> None:
        """Add a step, or what has become of it."""
        self.add(Kind.STEP, [number, view])
        self._steps[number] = self._number, view

    def add(self, kind: Kind, data: Any = None) -> None:
        """Add an event after the words so far, and write it at once."""
        self._join()
        self._waiting.append(self._event(kind, data))
        self._writer.wake(self, at_once=True)

    def take(self) -> list[Event]:
        """What is to be written now."""
        self._join()
        taken, self._waiting = self._waiting, []
        return taken

    def tell(self, events: list[Event]) -> None:
        """Tell those who follow in this process, once, whether it could be written or not."""
        for event in events:
            if event.position.number > self.told:
                self.told = event.position.number
                deliver_here(self.channel, event)

    def put_back(self, events: list[Event]) -> None:
        """What could not be written is written later, and what it comes to if it is much."""
        self._waiting = events + self._waiting
        if len(self._waiting) > MOST:
            self._write_again(self._waiting)

    def since(self, after: Position) -> list[Event]:
        """What a reader lacks who has read so far, as this process knows it without Redis."""
        first, _ = self._pieces[0]
        events: list[Event] = []
        if after.epoch != self._epoch or after.number < first:
            after = Position(self._epoch, first)
            if first:
                events.append(
                    Event(Kind.RESTART, self.chat_id, self.answer_id, after, self._all_steps())
                )
        steps = {number: [n, view] for n, (number, view) in self._steps.items()}
        for (_, start), (number, stop) in pairwise(self._pieces):
            if number > after.number:
                position = Position(self._epoch, number)
                kind = Kind.STEP if number in steps else Kind.TEXT
                kind = Kind.ALONE if number == self._alone else kind
                data = steps.get(number) or "".join(self._said[start:stop])
                events.append(Event(kind, self.chat_id, self.answer_id, position, data))
        return events

    def _all_steps(self) -> list[Any] | None:
        return [view for _, (_, view) in sorted(self._steps.items())] or None

    def written(self, events: list[Event], length: int) -> None:
        """The log has so many entries after these were written.

        Fewer than there must be: Redis has lost some, so all words are written again.
        """
        lost = self._length is not None and length < self._length + len(events)
        self._length = None if lost else length
        if not lost:
            return
        self._write_again([*events, *self._waiting])
        self._writer.wake(self, at_once=True)

    def _write_again(self, events: list[Event]) -> None:
        """Let all that was said come in place of these events."""
        last = [e for e in events if e.kind in (Kind.LINE, Kind.TEXT, Kind.STEP)][-1:]
        kept = [e for e in last if e.kind is Kind.LINE]
        kept += [e for e in events if e.kind is Kind.END][-1:]
        self._joined = 0
        self._waiting = [self._event(Kind.RESTART, self._all_steps())]
        self._pieces = [(self._number, 0)]
        if self._alone:
            # Before the words: they are not for those who have joined.
            self._waiting.append(self._event(Kind.ALONE, None))
        self._join()
        self._waiting += [self._event(event.kind, event.data) for event in kept]

    def _join(self) -> None:
        if self._joined < len(self._said):
            words = "".join(self._said[self._joined :])
            self._joined = len(self._said)
            self._waiting.append(self._event(Kind.TEXT, words))

    def _event(self, kind: Kind, data: Any) -> Event:
        self._number += 1
        position = Position(self._epoch, self._number)
        self._pieces.append((self._number, self._joined))
        self._alone = self._number if kind is Kind.ALONE else self._alone
        self.ended |= kind is Kind.END
        return Event(kind, self.chat_id, self.answer_id, position, data)


async def read(chat_id: UUID, answer_id: UUID, after: Position = START) -> list[Event]:
    """What the log of an answer holds after a position, oldest first.

    The caller has made sure that the answer is one of its user's.

    Raises:
        redis.exceptions.RedisError, OSError: Redis is away and the answer is made elsewhere.
    """
    try:
        entries = await redis().xrange(key(answer_id), min=f"({after}")
    except (RedisError, OSError):
        if here := _here.get(answer_id):
            return here.since(after)
        raise
    return [
        Event(
            Kind(fields[b"k"].decode()),
            chat_id,
            answer_id,
            Position.parse(entry_id.decode()),
            orjson.loads(fields[b"d"]),
        )
        for entry_id, fields in entries
    ]
