"""Where a turn's steps are shown, kept and approved: between an agent and its answer's row."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from langchain_core.messages import BaseMessage

from chatapp.agents.steps import State, Step
from chatapp.answers import step_repository
from chatapp.answers.approval import Approvals
from chatapp.answers.hearing import Hearing
from chatapp.answers.job import Job
from chatapp.answers.line import Line
from chatapp.answers.log import AnswerLog
from chatapp.answers.request import Request
from chatapp.answers.turn import Maker, Turn
from chatapp.chats.text import storable
from chatapp.database import patiently, transaction
from chatapp.pool.calling import Tool
from chatapp.pool.events import PoolEvent

KEEP_PATIENCE = 60.0
"""How long a step waits to be kept by a database that is away, in seconds."""


class Superseded(Exception):
    """Another process has the answer."""


class Desk:
    """The desk of one answer."""

    def __init__(
        self, job: Job, log: AnswerLog, line: Line, approvals: Approvals, hearing: Hearing
    ) -> None:
        self.steps: list[Step] = []
        self._unkept: dict[int, Step] = {}
        self._job = job
        self._log = log
        self._line = line
        self._approvals = approvals
        self._hearing = hearing
        self._request: Request | None = None
        self._maker: Maker | None = None

    def open(self, request: Request, maker: Maker) -> None:
        """From here on models can be asked."""
        self._request, self._maker = request, maker

    def resume(self, steps: Sequence[Step]) -> None:
        """Show what another process has finished, words and steps, and go on after it."""
        for step in steps:
            self.steps.append(step)
            self._log.step(step.number, step.view())
            if step.said and (words := step.said["text"]):
                self._log.text(f"\n\n{words}" if self._log.said else words)
        self._hearing.pause()

    async def ask(
        self, messages: Sequence[BaseMessage], tools: Sequence[Tool]
    ) -> AsyncGenerator[PoolEvent, None]:
        """Ask a model in its turn. One that has begun to answer goes on with it, if it can."""
        request, maker = self._request, self._maker
        if request is None or maker is None:
            raise RuntimeError("The desk is not open.")
        asked = replace(
            request, messages=tuple(messages), prefer=self._hearing.member or request.prefer
        )
        turn = Turn(self._line, self._job.answer_id, asked, maker, tools)
        async with aclosing(turn.events()) as events:
            async for event in events:
                yield event

    def hear(self, event: PoolEvent) -> None:
        """A model says something."""
        self._hearing.take(event)

    def pause(self) -> None:
        """What was said so far stands."""
        self._hearing.pause()

    def show(self, step: Step) -> None:
        """Show a step as it is now; a new one comes after all others."""
        if step.number < 0:
            step.number = len(self.steps)
            self.steps.append(step)
        step.title, step.input = storable(step.title), storable(step.input)
        step.output = storable(step.output)
        self._unkept[step.number] = step
        self._log.step(step.number, step.view())

    async def keep(self) -> None:
        """Write what was shown since the last time.

        Raises:
            Superseded: another process has the answer by now.
        """
        steps, self._unkept = list(self._unkept.values()), {}
        await patiently(partial(self._keep, steps), KEEP_PATIENCE)

    async def approved(self, step: Step) -> bool:
        """Wait until the person has approved or refused a step, in whatever process."""
        if step.state is not State.ASKS:
            step.state = State.ASKS
            self._unkept[step.number] = step
            await self.keep()
        # Shown once it can be decided; from here on its state in the database is the person's,
        # also when another process has asked.
        job, again = self._job, partial(self._log.step, step.number, step.view())
        again()
        return await self._approvals.given(
            job.user_id, job.answer_id, step.number, job.asked_at, again
        )

    def close(self) -> list[Step]:
        """End all steps; those that are to be written with the answer's end."""
        for step in self.steps:
            if not step.state.finished and step.state is not State.STOPPED:
                step.state = State.STOPPED
                self.show(step)
        return list(self._unkept.values())

    async def _keep(self, steps: Sequence[Step]) -> None:
        job = self._job
        async with transaction() as session:
            if not await step_repository.keep_steps(
                session, job.user_id, job.answer_id, job.epoch, steps
            ):
                raise Superseded
