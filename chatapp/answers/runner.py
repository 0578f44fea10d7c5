"""Runs answers in tasks that the process owns: no socket and no handler keeps or ends them.

A process that is told to end finishes what it can and hands over the rest. What happens to the
answers of one that dies is for :mod:`chatapp.answers.takeover`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from enum import StrEnum
from functools import partial
from time import monotonic
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from chatapp import leaving, logs
from chatapp.agents.steps import Step, stopped, summary, text_of
from chatapp.answers import account, remains, repository, step_repository
from chatapp.answers.approval import Approvals
from chatapp.answers.billing import bill_of
from chatapp.answers.desk import Superseded
from chatapp.answers.ending import shown
from chatapp.answers.events import Kind, channel
from chatapp.answers.flight import Flights
from chatapp.answers.hub import Hub
from chatapp.answers.job import Job
from chatapp.answers.lease import BEAT, Lease
from chatapp.answers.line import Line
from chatapp.answers.log import AnswerLog
from chatapp.answers.log_writer import LogWriter
from chatapp.answers.making import Making
from chatapp.answers.mirror import Ending
from chatapp.answers.place import Wish
from chatapp.answers.repository import Outcome
from chatapp.answers.telling import control
from chatapp.chats.models import Status
from chatapp.database import patiently, transaction
from chatapp.limits import ledger
from chatapp.limits.books import Place
from chatapp.limits.repository import Used
from chatapp.limits.service import Limiter
from chatapp.pool.errors import PoolError
from chatapp.tasks import end, going_on

logger = logging.getLogger(__name__)

DRAIN = 15.0
"""How long a process that ends lets its answers run on, in seconds, where others can take over."""

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
        self.lease = Lease()
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

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Make answers until the context ends; none may run any more then."""
        async with (
            self._writer.running(),
            self._flights.running(),
            self.line.running(),
            self.limiter.keeping(),
            self.lease.held(),
            going_on(self._listen, "answer commands"),
            going_on(self._insist, "answer cancellations"),
        ):
            yield

    @asynccontextmanager
    async def draining(self, seconds: float) -> AsyncIterator[None]:
        """Hand over what runs on so long after the process is told to end, or the context ends."""
        departure = asyncio.create_task(self._depart(seconds), name="answers' departure")
        try:
            yield
        finally:
            if leaving.begun():
                await departure
            # What has come since, or all: nobody had said that the process ends.
            await self._drain(0.0 if leaving.begun() else seconds)
            await end(departure)

    @property
    def name(self) -> str:
        """By which others know this process."""
        return self.lease.holder

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

    @property
    def running_here(self) -> list[UUID]:
        """The answers that run here, from before their beginning is written until their end is."""
        return list(self._tasks)

    @property
    def made(self) -> list[UUID]:
        """Those of them that are neither about to begin nor about to end."""
        return list(self._made)

    def makes(self, answer_id: UUID) -> bool:
        """Whether an answer is made here."""
        return answer_id in self._tasks

    def stop(self, answer_id: UUID) -> bool:
        """Stop an answer and keep its words. False: it does not run here, or is left to others."""
        return self._cancel(answer_id, _Why.STOPPED)

    def lose(self, answer_id: UUID) -> None:
        """Leave an answer to the one who has taken it over."""
        self._cancel(answer_id, _Why.LOST)

    def give_up(self, job: Job) -> None:
        """End an answer that nobody is to try again."""
        self._begin(job, self._give_up)

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

    async def _insist(self) -> None:
        """Cancel again: what waits for Redis may swallow a cancellation that comes with a reply.

        Not what was cancelled since the last beat: it may be about to let go of things.
        """
        while True:
            await asyncio.sleep(BEAT)
            cancelled = self._made & self._why.keys()
            for answer_id in cancelled & self._cancelled:
                self._tasks[answer_id].cancel()
            self._cancelled = cancelled

    async def _give_up(self, job: Job) -> None:
        if (steps := await self._take(job)) is None:
            return
        text = await remains.words(job.chat_id, job.answer_id) or text_of(steps)
        self.limiter.hold(Place(job.user_id, job.answer_id, job.asked_at))
        written = self._writer.open(job.user_id, job.chat_id, job.answer_id, job.epoch)
        outcome = Outcome(Status.FAILED, text, INTERRUPTED, unkept=stopped(steps))
        outcome.thoughts = summary(step.view() for step in steps)
        await self._end(job, outcome, written)
