"""The log of an answer: a Redis Stream that a runner appends to and that anybody may read again.

The id of an entry is its :class:`Position`: the epoch of the writer, then a number. Redis refuses
an id that is not above the last. So a writer of an older epoch can add nothing once a newer one has
begun, and what is written again after a lost reply is not there twice. Those who follow live in
this process are told directly, those at other processes on the owner's channel.

One :class:`LogWriter` serves all answers of a process: it joins what came since its last round and
writes it in one pipeline, so Redis is asked once a round and not once a token. While Redis is away
those who follow in the same process read the log of the one who writes it.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import orjson
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import NoScriptError, RedisError

from chatapp.answers.events import START, Event, Kind, Position, channel
from chatapp.answers.hub import ORIGIN, deliver_here, heard_here
from chatapp.metrics import REDIS, RELAY
from chatapp.redis import counts_all, redis, rests, tagged
from chatapp.tasks import end, lasting

logger = logging.getLogger(__name__)

ROUND = 0.025
"""How long words are joined before they are written, in seconds; longer when writing is slow."""

LONGEST_ROUND = 0.25

LIFE = 24 * 3600
"""How long the log of an answer that never ends is kept, in seconds."""

LIFE_AFTER_END = 600
"""How long a log is kept after the answer's end, when the row says it all, in seconds."""

MOST = 128
"""So many events of one answer may wait for Redis; what more of them come to takes their place."""

MOST_ENDED = 64
"""So many answers that have ended may: who reads one later has its row."""

_WRITES = REDIS.labels("words")

_NOT_ABOVE = "equal or smaller"
"""What Redis says of an id that is not above the last: it is there, or its writer is fenced."""

_NOBODY_KNOWS = -1
"""How many hear what is told, so that it is told in any case."""

_SCRIPT = (Path(__file__).parent / "lua" / "write.lua").read_text()
_NAME = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
"""By which Redis knows the script."""

_here: WeakValueDictionary[UUID, "AnswerLog"] = WeakValueDictionary()
"""The logs that this process writes."""


def key(answer_id: UUID) -> str:
    """The key of an answer's log."""
    return tagged(f"answer:{{{answer_id}}}:log")


class AnswerLog:
    """The log of one answer, as its one writer sees it."""

    def __init__(
        self, writer: "LogWriter", user_id: UUID, chat_id: UUID, answer_id: UUID, epoch: int
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


class LogWriter:
    """Writes the logs of all answers that this process runs."""

    def __init__(self) -> None:
        self._dirty: dict[UUID, AnswerLog] = {}
        self._also: list[Callable[[Any], None]] = []
        self._wanted = asyncio.Event()
        self._at_once = asyncio.Event()
        self._round = ROUND
        self._away = False
        self._since = 0.0
        self._writing = asyncio.Lock()

    def open(self, user_id: UUID, chat_id: UUID, answer_id: UUID, epoch: int) -> AnswerLog:
        """The log of an answer that this process now runs."""
        return AnswerLog(self, user_id, chat_id, answer_id, epoch)

    def wake(self, log: AnswerLog, *, at_once: bool) -> None:
        """There is something to write in ``log``."""
        if not self._dirty:
            self._since = monotonic()
        self._dirty[log.answer_id] = log
        self._wanted.set()
        if at_once:
            self._at_once.set()

    def also(self, add: Callable[[Any], None]) -> None:
        """Send one more command, which ``add`` puts into a pipeline, before what waits.

        It is tried once, and nobody hears what has come of it.
        """
        self._also.append(add)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write in rounds until the context ends; what is left is written then."""
        task = asyncio.create_task(lasting(self._rounds), name="answer log writer")
        try:
            yield
        finally:
            await end(task)
            await self.flush()

    async def flush(self) -> None:
        """Write what waits. On an error it waits for the next round."""
        # One after the other: what comes later in a log must not be there first.
        async with self._writing:
            if self._dirty or self._also:
                await self._flush()

    async def _flush(self) -> None:
        also, self._also = self._also, []
        logs, self._dirty = list(self._dirty.values()), {}
        taken = [(log, events) for log in logs if (events := log.take())]
        began, since = monotonic(), self._since
        try:
            if self._away:
                # It is asked whether it is there before all is put in words for it.
                await redis().time()
            await _write(taken, also)
            self._away = False
            ended = monotonic()
            RELAY.observe(ended - since)
            _WRITES.observe(ended - began)
        except (RedisError, OSError) as error:
            if not self._away:
                name = type(error).__name__
                logger.warning("Answers could not be logged, trying again: %s", name)
            self._away = True
            for log, events in taken:
                log.put_back(events)
            self._keep_for_later([log for log, _ in taken])
        for log, events in taken:
            log.tell(events)
        self._round = min(max(ROUND, monotonic() - began), LONGEST_ROUND)

    def _keep_for_later(self, logs: list[AnswerLog]) -> None:
        self._dirty = {log.answer_id: log for log in logs} | self._dirty
        ended = [log.answer_id for log in self._dirty.values() if log.ended]
        for answer_id in ended[:-MOST_ENDED]:
            del self._dirty[answer_id]

    async def _rounds(self) -> None:
        while True:
            await self._wanted.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._round):
                    await self._at_once.wait()
            self._wanted.clear()
            self._at_once.clear()
            await self.flush()
            if self._away:
                await asyncio.sleep(LONGEST_ROUND)
                self._wanted.set()


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


async def _write(
    taken: list[tuple[AnswerLog, list[Event]]], also: list[Callable[[Any], None]]
) -> None:
    """Write events of some logs, in one pipeline, after the commands of others.

    Raises:
        redis.exceptions.RedisError, OSError: some or all may not be written.
    """
    if rests():
        raise Unreachable
    replies = await _send(taken, also)
    if any(isinstance(reply, NoScriptError) for reply in replies):
        await redis().script_load(_SCRIPT)
        replies = await _send(taken, [])
    for reply in replies:
        if isinstance(reply, RedisError) and _NOT_ABOVE not in str(reply):
            raise reply
    for (log, events), length in zip(taken, replies, strict=True):
        if isinstance(length, int):
            log.written(events, length)


async def _send(
    taken: list[tuple[AnswerLog, list[Event]]], also: list[Callable[[Any], None]]
) -> list[Any]:
    """Ask Redis; what it replies for each log."""
    pipe = redis().pipeline(transaction=False)
    for add in also:
        add(pipe)
    for log, events in taken:
        life = LIFE_AFTER_END if events[-1].kind is Kind.END else LIFE
        mine = heard_here(log.channel) if counts_all() else _NOBODY_KNOWS
        known = sum(event.position.number <= log.told for event in events)
        arguments: list[Any] = [log.channel, mine, life, known]
        for event in events:
            arguments += (str(event.position), event.kind, orjson.dumps(event.data))
            arguments.append(event.encode(ORIGIN))
        pipe.evalsha(_NAME, 1, key(log.answer_id), *arguments)
    replies = await pipe.execute(raise_on_error=False)
    return replies[len(replies) - len(taken) :]
