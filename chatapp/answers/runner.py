"""Runs answers in tasks that the process owns: no socket and no handler keeps or ends them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from time import monotonic
from uuid import UUID, uuid4

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from chatapp.answers import repository
from chatapp.answers.events import Kind
from chatapp.answers.log import AnswerLog, LogWriter, read
from chatapp.answers.prompt import prompt
from chatapp.answers.repository import Outcome
from chatapp.chats.models import Status
from chatapp.chats.text import storable
from chatapp.database import reading, transaction
from chatapp.pool.errors import PoolError
from chatapp.pool.events import Done, Hop, Text
from chatapp.pool.service import pool
from chatapp.redis import redis

logger = logging.getLogger(__name__)

BEAT = 2.0
"""How often a process says that it lives, in seconds."""

LEASE = 10.0
"""After so many silent seconds a process counts as dead."""

LONGEST_ANSWER = 400_000
"""The length, in characters, at which an answer is ended."""

SAVE_PATIENCE = 60.0
"""How long an answer's end waits for a database that is away, in seconds."""

INTERRUPTED = "The answer was interrupted. What came so far is kept; ask again to go on."
OUR_FAULT = "Something went wrong on our side. Your question is kept; please try again."
CUT_BY_MODEL = "The model ended here because the answer reached its longest length."
TOO_LONG = "The answer became too long and was ended here."


@dataclass(frozen=True, slots=True)
class Job:
    """An answer to be made."""

    user_id: UUID
    chat_id: UUID
    question_id: UUID
    answer_id: UUID
    tier: str | None = None
    epoch: int = 1


class Runner:
    """The answers that this process makes."""

    def __init__(self) -> None:
        self.name = uuid4().hex
        self._writer = LogWriter()
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._stopped: set[UUID] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Make answers until the context ends; what still runs then is ended as interrupted."""
        async with self._writer.running():
            await self._beat()
            keeper = asyncio.create_task(self._keep(), name="answer keeper")
            try:
                yield
            finally:
                keeper.cancel()
                for task in self._tasks.values():
                    task.cancel()
                await asyncio.gather(keeper, *self._tasks.values(), return_exceptions=True)
                with suppress(RedisError, OSError):
                    await redis().delete(_alive(self.name))

    def start(self, job: Job) -> None:
        """Begin an answer whose row this process holds."""
        task = asyncio.create_task(self._run(job), name=f"answer {job.answer_id}")
        self._tasks[job.answer_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(job.answer_id, None))

    def stop(self, answer_id: UUID) -> bool:
        """Stop an answer and keep its words. False: it does not run here."""
        task = self._tasks.get(answer_id)
        if task is None:
            return False
        self._stopped.add(answer_id)
        task.cancel()
        return True

    async def _run(self, job: Job) -> None:
        log = self._writer.open(job.user_id, job.chat_id, job.answer_id, job.epoch)
        making = _Making(job, log)
        try:
            async with transaction() as session:
                if not await repository.begin(session, job.answer_id, self.name, job.epoch):
                    return
            await making.make()
        except asyncio.CancelledError:
            stopped = job.answer_id in self._stopped
            making.end(Status.STOPPED if stopped else Status.FAILED, "" if stopped else INTERRUPTED)
        except PoolError as error:
            making.fail(error)
        except Exception:
            logger.exception("An answer failed")
            making.end(Status.FAILED, OUR_FAULT)
        finally:
            self._stopped.discard(job.answer_id)
        if await self._save(job, making.outcome):
            log.add(Kind.END, {"status": making.outcome.status})
            await self._writer.flush()

    async def _save(self, job: Job, outcome: Outcome) -> bool:
        deadline = monotonic() + SAVE_PATIENCE
        while True:
            try:
                async with transaction() as session:
                    return await repository.finish(session, job.answer_id, job.epoch, outcome)
            except SQLAlchemyError as error:
                logger.warning("An answer could not be saved yet: %s", type(error).__name__)
                if monotonic() > deadline:
                    return False
                await asyncio.sleep(1)

    async def _beat(self) -> None:
        try:
            await redis().set(_alive(self.name), b"1", px=int(LEASE * 1000))
        except (RedisError, OSError) as error:
            logger.warning("Redis does not take the heartbeat: %s", type(error).__name__)

    async def _keep(self) -> None:
        while True:
            try:
                await self._end_orphans()
            except (SQLAlchemyError, RedisError, OSError) as error:
                logger.warning("Orphans were not looked for: %s", type(error).__name__)
            await asyncio.sleep(BEAT)
            await self._beat()

    async def _end_orphans(self) -> None:
        """End what processes left behind that are no more."""
        async with reading() as session:
            unfinished = await repository.unfinished(session)
        for answer in unfinished:
            if answer.runner == self.name or await redis().exists(_alive(answer.runner)):
                continue
            job = Job(answer.user_id, answer.chat_id, answer.id, answer.id, epoch=answer.epoch + 1)
            async with transaction() as session:
                mine = await repository.begin(session, job.answer_id, self.name, job.epoch)
            if mine:
                log = self._writer.open(job.user_id, job.chat_id, job.answer_id, job.epoch)
                await self._save(job, Outcome(Status.FAILED, await _logged(job), INTERRUPTED))
                log.add(Kind.END, {"status": Status.FAILED})


class _Making:
    """One answer while it is made."""

    def __init__(self, job: Job, log: AnswerLog) -> None:
        self.outcome = Outcome(Status.FAILED, "")
        self._job = job
        self._log = log
        self._words: list[str] = []
        self._began = monotonic()

    async def make(self) -> None:
        messages = await prompt(self._job.user_id, self._job.question_id)
        length = 0
        async with aclosing(pool().answer(messages, tier=self._job.tier)) as events:
            async for event in events:
                match event:
                    case Text(text):
                        length += self._say(text)
                        if length > LONGEST_ANSWER:
                            return self.end(Status.DONE, TOO_LONG)
                    case Hop():
                        self._log.add(Kind.HOP, {"to": event.next_label})
                    case Done():
                        self._credit(event)
                        if event.finish_reason == "length":
                            return self.end(Status.DONE, CUT_BY_MODEL)
        return self.end(Status.DONE)

    def _say(self, text: str) -> int:
        words = storable(text)
        if self.outcome.first_token_ms is None:
            self.outcome.first_token_ms = self._elapsed()
        self._words.append(words)
        self._log.text(words)
        return len(words)

    def fail(self, error: PoolError) -> None:
        """End with what the pool says."""
        self.outcome.attempts = [asdict(attempt) for attempt in error.attempts]
        self.end(Status.FAILED, str(error))

    def end(self, status: Status, problem: str = "") -> None:
        """End with the words so far."""
        self.outcome.status = status
        self.outcome.problem = problem
        self.outcome.text = "".join(self._words)
        self.outcome.duration_ms = self._elapsed()

    def _credit(self, done: Done) -> None:
        self.outcome.answered_by = done.attempt.label
        self.outcome.attempts = [asdict(attempt) for attempt in done.attempts]
        self.outcome.prompt_tokens = done.attempt.prompt_tokens or 0
        self.outcome.completion_tokens = done.attempt.completion_tokens or 0

    def _elapsed(self) -> int:
        return round((monotonic() - self._began) * 1000)


async def _logged(job: Job) -> str:
    events = await read(job.chat_id, job.answer_id)
    return "".join(event.data for event in events if event.kind is Kind.TEXT)


def _alive(runner: str) -> str:
    return f"runner:{runner}:alive"
