"""Runs answers in tasks that the process owns: no socket and no handler keeps or ends them.

A process that dies says nothing more; another one takes its answers over with the next epoch, and
what the dead one may still write counts for nothing. A process that is told to end finishes what it
can and hands over the rest.
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from enum import StrEnum
from functools import partial
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from chatapp import leaving, logs
from chatapp.agents.steps import Step, stopped, summary, text_of
from chatapp.answers import account, lease, remains, repository, step_repository
from chatapp.answers.approval import Approvals
from chatapp.answers.billing import bill_of
from chatapp.answers.desk import Superseded
from chatapp.answers.ending import shown
from chatapp.answers.events import Kind, channel
from chatapp.answers.flight import Flights
from chatapp.answers.hub import Hub
from chatapp.answers.job import Job
from chatapp.answers.line import Line
from chatapp.answers.log import AnswerLog, LogWriter
from chatapp.answers.making import Making
from chatapp.answers.mirror import Ending
from chatapp.answers.place import Wish
from chatapp.answers.repository import Outcome
from chatapp.answers.telling import control
from chatapp.chats.models import Status
from chatapp.database import patiently, reading, transaction
from chatapp.limits import ledger
from chatapp.limits.books import Place
from chatapp.limits.repository import Used
from chatapp.limits.service import Limiter
from chatapp.pool.errors import PoolError
from chatapp.tasks import end, lasting

logger = logging.getLogger(__name__)

DRAIN = 15.0
"""How long a process that ends lets its answers run on, in seconds, where others can take over."""

TAKEOVERS = 3
"""An answer that so many processes have died over is not tried again."""

CLOSING = 5.0
"""How long a process that ends waits for what is being written, in seconds."""

SAVE_PATIENCE = 300.0
"""How long an answer's end waits for a database that is away, in seconds."""

TAKE_PATIENCE = 60.0
"""How long the beginning of an answer that is taken over does, in seconds."""

INTERRUPTED = "The answer was interrupted. What came so far is kept; ask again to go on."
OUR_FAULT = "Something went wrong on our side. Your question is kept; please try again."


class _Why(StrEnum):
    """Why a running answer is cancelled."""

    STOPPED = "stopped"
    HANDED_OVER = "handed over"
    LOST = "lost"


class Runner:
    """The answers that this process makes."""

    def __init__(self, hub: Hub) -> None:
        self.name = uuid4().hex
        self.limiter = Limiter()
        self._hub = hub
        self.line = Line(hub)
        self._writer = LogWriter()
        self._flights = Flights(hub)
        self.approvals = Approvals()
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._why: dict[UUID, _Why] = {}
        self._made: set[UUID] = set()
        self._cancelled: set[UUID] = set()
        """What was being cancelled at the last beat."""
        self._suspects: set[str | UUID] = set()
        """Who seemed dead at the last look, and what seemed left behind here."""
        self._doubted = False
        """Whether others may have taken over what runs here."""
        self._heard_since: float | None = -math.inf
        """Since when Redis has known without a break that this process lives."""

    @asynccontextmanager
    async def running(self, drain: float = DRAIN) -> AsyncIterator[None]:
        """Make answers until the context ends; what then runs on too long is handed over."""
        async with (
            self._writer.running(),
            self._flights.running(),
            self.line.running(),
            self.limiter.keeping(),
        ):
            await self._beat(first=True)
            departure = asyncio.create_task(self._depart(drain), name="answers' departure")
            keepers = [
                asyncio.create_task(lasting(self._beats), name="answer heartbeat"),
                asyncio.create_task(lasting(self._keep), name="answer keeper"),
                asyncio.create_task(lasting(self._listen), name="answer commands"),
            ]
            try:
                yield
            finally:
                if leaving.begun():
                    await departure
                # What has come since, or all: nobody had said that the process ends.
                await self._drain(0.0 if leaving.begun() else drain)
                await end(departure, *keepers)
                await lease.leave(self.name)

    @property
    def taker(self) -> str:
        """Who makes what is asked now: this process, or whoever is there when this one leaves."""
        return "" if leaving.begun() else self.name

    def start(self, job: Job) -> None:
        """Begin an answer whose row this process may have."""
        self._begin(job, self._run)

    def _begin(self, job: Job, work: Callable[[Job], Coroutine[Any, Any, None]]) -> None:
        answer_id = job.answer_id
        if answer_id in self._tasks:
            return
        task = asyncio.create_task(work(job), name=f"answer {answer_id}")
        self._tasks[answer_id] = task
        task.add_done_callback(lambda _: self._forget(answer_id))

    def _forget(self, answer_id: UUID) -> None:
        del self._tasks[answer_id]
        self._why.pop(answer_id, None)
        self.limiter.let_go(answer_id)

    @property
    def hub(self) -> Hub:
        """Where this process hears what is told."""
        return self._hub

    @property
    def count(self) -> int:
        """How many answers this process makes now."""
        return len(self._tasks)

    def makes(self, answer_id: UUID) -> bool:
        """Whether an answer is made here."""
        return answer_id in self._tasks

    def stop(self, answer_id: UUID) -> bool:
        """Stop an answer and keep its words. False: it does not run here, or is left to others."""
        return self._cancel(answer_id, _Why.STOPPED)

    def _cancel(self, answer_id: UUID, why: _Why) -> bool:
        task = self._tasks.get(answer_id)
        if task is None:
            return False
        # Not while its beginning or its end is written: neither is to be left half done.
        if answer_id in self._made:
            task.cancel()
        return self._why.setdefault(answer_id, why) is why

    async def _run(self, job: Job) -> None:
        logs.about(answer=str(job.answer_id))
        written = self._writer.open(job.user_id, job.chat_id, job.answer_id, job.epoch)
        making = Making(job, written, self._flights, self.line, self.approvals)
        self.limiter.hold(Place(job.user_id, job.answer_id, job.asked_at))
        ended = False
        try:
            if await self._make_whole(job, making):
                ended = await self._end(job, making.outcome, written)
                await self._writer.flush()
        finally:
            await making.leave(ended=ended)

    async def _make_whole(self, job: Job, making: Making) -> bool:
        """Make an answer to its end, whatever that is. False: others do, or will."""
        try:
            if job.epoch > 1:
                steps = await patiently(partial(self._take, job), TAKE_PATIENCE)
                if steps is None:
                    return False
                making.resume(steps, await remains.words(job.chat_id, job.answer_id))
            await self._make(making, job.answer_id)
        except asyncio.CancelledError:
            match self._why.get(job.answer_id):
                case _Why.STOPPED:
                    making.end(Status.STOPPED)
                case _Why.LOST:
                    return False
                case _:
                    await self._hand_over(job)
                    return False
        except Superseded:
            return False
        except PoolError as error:
            making.fail(error)
        except Exception:
            logger.exception("An answer failed")
            making.end(Status.FAILED, OUR_FAULT)
        return True

    async def _make(self, making: Making, answer_id: UUID) -> None:
        """The part of a run that may be cancelled."""
        self._made.add(answer_id)
        try:
            if answer_id in self._why:
                raise asyncio.CancelledError
            await making.make()
        finally:
            self._made.discard(answer_id)

    async def _take(self, job: Job) -> list[Step] | None:
        """Become the runner of an answer; its finished steps. None: another was quicker."""
        async with transaction() as session:
            if not await repository.begin(session, job.answer_id, self.name, job.epoch):
                return None
            return await step_repository.steps_of(session, job.user_id, job.answer_id)

    async def _end(self, job: Job, outcome: Outcome, written: AnswerLog) -> bool:
        """Write the end of an answer and tell it. False: another process has the answer."""
        # On a screen here it is seen as it ends: nothing has to be marked, told and taken back.
        unseen = not self._hub.shows(channel(job.user_id), job.chat_id)
        saving = monotonic()
        if not await self._save(job, outcome, unseen=unseen):
            return False
        account.give(job, outcome, monotonic() - saving)
        written.add(Kind.END, Ending.of(outcome).told() | shown(outcome, unseen=unseen))
        return True

    async def _save(self, job: Job, outcome: Outcome, *, unseen: bool) -> bool:
        counted: Used | None = None

        async def save() -> bool:
            nonlocal counted
            async with transaction() as session:
                if not await repository.finish(
                    session, job.chat_id, job.answer_id, job.epoch, outcome, unseen=unseen
                ):
                    # By an earlier try, perhaps, of which only the reply was lost.
                    return await repository.has_ended(session, job.answer_id, job.epoch)
                if steps := outcome.unkept:
                    await step_repository.write_steps(session, job.user_id, job.answer_id, steps)
                counted = await ledger.record(session, bill_of(job, outcome))
            return True

        try:
            saved = await patiently(save, SAVE_PATIENCE)
        except SQLAlchemyError as error:
            logger.warning("An answer could not be saved: %s", type(error).__name__)
            return False
        if saved and (settlement := self.limiter.settle(job.answer_id, counted)):
            self._writer.also(settlement)
        return saved

    async def _hand_over(self, job: Job) -> None:
        try:
            async with transaction() as session:
                await repository.release(session, job.answer_id, job.epoch)
        except SQLAlchemyError as error:
            # Its lease lapses, and then another process takes it all the same.
            logger.warning("An answer was not handed over: %s", type(error).__name__)

    async def _depart(self, seconds: float) -> None:
        """Hand over in time, however long it takes until everybody's sockets are closed."""
        await leaving.told()
        await self._drain(seconds)

    async def _drain(self, seconds: float) -> None:
        self.line.hand_over()
        for answer_id in {*self.line.waiting(), *self.approvals.waiting()}:
            self._cancel(answer_id, _Why.HANDED_OVER)
        if self._tasks and seconds:
            await asyncio.wait(self._tasks.values(), timeout=seconds)
        tasks = list(self._tasks.values())
        for answer_id in list(self._tasks):
            self._cancel(answer_id, _Why.HANDED_OVER)
        if tasks:
            _done, late = await asyncio.wait(tasks, timeout=CLOSING)
            await end(*late)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        """Do what people have asked other processes to have done here."""
        async with self._hub.subscribed(control(self.name)) as subscription:
            while True:
                events, _ = await subscription.wait()
                for event in events:
                    if event.kind is Kind.STOP and event.answer_id:
                        self.stop(event.answer_id)
                    if event.kind is Kind.WISH and event.answer_id:
                        self.line.wish(event.answer_id, Wish(**event.data))
                    if event.kind is Kind.DECIDED and event.answer_id:
                        self.approvals.decided(event.answer_id, event.data)

    async def _beat(self, *, first: bool = False) -> None:
        try:
            lived = await lease.beat(self.name)
        except (RedisError, OSError) as error:
            if self._heard_since is not None:
                logger.warning("Redis does not take the heartbeat: %s", type(error).__name__)
            self._heard_since = None
            return
        if self._heard_since is None or (not lived and not first):
            self._heard_since = monotonic()
        self._doubted |= not lived and not first

    async def _beats(self) -> None:
        """Apart from all else: a database that hangs must not make this process look dead."""
        while True:
            await asyncio.sleep(lease.BEAT)
            await self._beat()
            self._insist()

    def _insist(self) -> None:
        """Cancel again: what waits for Redis may swallow a cancellation that comes with a reply.

        Not what was cancelled since the last beat: it may be about to let go of things.
        """
        cancelled = self._made & self._why.keys()
        for answer_id in cancelled & self._cancelled:
            self._tasks[answer_id].cancel()
        self._cancelled = cancelled

    async def _drop_lost(self) -> None:
        """This process was silent too long: leave what others have taken over."""
        # Only of what was made before the database is asked is its reply the last word.
        made = list(self._made)
        async with reading() as session:
            mine = await repository.run_by(session, self.name, made)
        self._doubted = False
        for answer_id in set(made) - mine:
            self._cancel(answer_id, _Why.LOST)

    async def _keep(self) -> None:
        while True:
            try:
                if self._doubted:
                    await self._drop_lost()
                await self._take_over()
            except (SQLAlchemyError, RedisError, OSError) as error:
                logger.warning("Orphans were not looked for: %s", type(error).__name__)
            await asyncio.sleep(lease.BEAT)

    async def _take_over(self) -> None:
        """Go on with what processes left behind that are no more."""
        suspects, self._suspects = self._suspects, set()
        if leaving.begun():
            return
        async with reading() as session:
            busy = await repository.runners(session)
        if busy.get(self.name):
            await self._stop_unheard()
        of = [name for name in busy if await self._is_orphaned_by(name)]
        if not of:
            return
        async with reading() as session:
            unfinished = await repository.unfinished(session, of, list(self._tasks))
        for answer, question_id in unfinished:
            if answer.id in self._tasks:
                continue
            # Looked at twice: when Redis comes back empty, everybody seems dead for a beat, and
            # what is ours may be about to begin.
            suspect = answer.id if answer.runner == self.name else answer.runner
            self._suspects.add(suspect)
            if answer.runner and suspect not in suspects:
                continue
            job = Job.of(answer, question_id, answer.epoch + 1)
            # One that was handed over, perhaps from line to line, has ended nobody.
            if answer.epoch - answer.handed_over > TAKEOVERS and answer.runner:
                self._begin(job, self._give_up)
                continue
            self.start(job)
            if answer.stopping:
                self.stop(answer.id)

    async def _stop_unheard(self) -> None:
        """Stop what people wanted stopped when this process could not be told."""
        async with reading() as session:
            wanted = await repository.to_stop(session, self.name)
        for answer_id in wanted:
            self.stop(answer_id)

    async def _is_orphaned_by(self, process: str) -> bool:
        # What bears our name and does not run here could not be begun or ended; what bears none
        # was handed over.
        if process in (self.name, ""):
            return True
        return self._can_judge() and not await lease.lives(process)

    def _can_judge(self) -> bool:
        """Whether a process that Redis does not know is no more.

        Not while Redis is away, and not before all who live have had the time to say so again.
        """
        return (
            self._heard_since is not None
            and monotonic() - self._heard_since > lease.LEASE + lease.BEAT
        )

    async def _give_up(self, job: Job) -> None:
        if (steps := await self._take(job)) is None:
            return
        text = await remains.words(job.chat_id, job.answer_id) or text_of(steps)
        self.limiter.hold(Place(job.user_id, job.answer_id, job.asked_at))
        written = self._writer.open(job.user_id, job.chat_id, job.answer_id, job.epoch)
        outcome = Outcome(Status.FAILED, text, INTERRUPTED, unkept=stopped(steps))
        outcome.thoughts = summary(step.view() for step in steps)
        await self._end(job, outcome, written)
