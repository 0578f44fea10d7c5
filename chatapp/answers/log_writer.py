"""The one who writes the logs of all answers of a process.

It joins what came since its last round and writes it in one pipeline, so Redis is asked once a
round and not once a token. Those who follow live in this process are told directly, those at other
processes on the owner's channel.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import orjson
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import NoScriptError, RedisError

from chatapp.answers.events import Event, Kind
from chatapp.answers.hub import ORIGIN, heard_here
from chatapp.answers.log import AnswerLog, key
from chatapp.metrics import REDIS, RELAY
from chatapp.redis import counts_all, redis, rests
from chatapp.tasks import going_on

logger = logging.getLogger(__name__)

ROUND = 0.025
"""How long words are joined before they are written, in seconds; longer when writing is slow."""

LONGEST_ROUND = 0.25

LIFE = 24 * 3600
"""How long the log of an answer that never ends is kept, in seconds."""

LIFE_AFTER_END = 600
"""How long a log is kept after the answer's end, when the row says it all, in seconds."""

MOST_ENDED = 64
"""So many answers that have ended may wait for Redis: who reads one later has its row."""

_WRITES = REDIS.labels("words")

_NOT_ABOVE = "equal or smaller"
"""What Redis says of an id that is not above the last: it is there, or its writer is fenced."""

_NOBODY_KNOWS = -1
"""How many hear what is told, so that it is told in any case."""

_SCRIPT = (Path(__file__).parent / "lua" / "write.lua").read_text()
_NAME = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
"""By which Redis knows the script."""


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
        try:
            async with going_on(self._rounds, "answer log writer"):
                yield
        finally:
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
            self._put_back(taken)
        except asyncio.CancelledError:
            # Whether it was written is not known; nothing is in a log twice.
            self._put_back(taken)
            raise
        for log, events in taken:
            log.tell(events)
        self._round = min(max(ROUND, monotonic() - began), LONGEST_ROUND)

    def _put_back(self, taken: list[tuple[AnswerLog, list[Event]]]) -> None:
        for log, events in taken:
            log.put_back(events)
        self._dirty = {log.answer_id: log for log, _ in taken} | self._dirty
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
