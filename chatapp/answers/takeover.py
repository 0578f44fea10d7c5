"""Goes on with what dead processes have left behind, and lets go of what others have taken over.

A process that dies says nothing more; another one takes its answers over with the next epoch, and
what the dead one may still write counts for nothing.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from chatapp import leaving
from chatapp.answers import lease, repository
from chatapp.answers.job import Job
from chatapp.answers.runner import Runner
from chatapp.database import reading
from chatapp.tasks import going_on

logger = logging.getLogger(__name__)

TAKEOVERS = 3
"""An answer that so many processes have died over is not tried again."""


class Takeover:
    """Finds the answers that a process should make, or should make no more."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._suspects: set[str | UUID] = set()
        """Who seemed dead at the last look, and what seemed left behind here."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look every beat until the context ends."""
        async with going_on(self._looks, "takeover"):
            yield

    async def _looks(self) -> None:
        while True:
            try:
                if self._runner.lease.lapsed:
                    await self._drop_lost()
                await self.look()
            except (SQLAlchemyError, RedisError, OSError) as error:
                logger.warning("Orphans were not looked for: %s", type(error).__name__)
            await asyncio.sleep(lease.BEAT)

    async def _drop_lost(self) -> None:
        """This process was silent too long: leave what others have taken over."""
        # Only of what was made before the database is asked is its reply the last word.
        made = self._runner.made
        async with reading() as session:
            mine = await repository.run_by(session, self._runner.name, made)
        self._runner.lease.lapsed = False
        for answer_id in set(made) - mine:
            self._runner.lose(answer_id)

    async def look(self) -> None:
        """Go on with what processes left behind that are no more."""
        suspects, self._suspects = self._suspects, set()
        if leaving.begun():
            return
        async with reading() as session:
            busy = await repository.runners(session)
        if busy.get(self._runner.name):
            await self._stop_unheard()
        of = [name for name in busy if await self._is_orphaned_by(name)]
        if not of:
            return
        async with reading() as session:
            unfinished = await repository.unfinished(session, of, self._runner.running_here)
        for answer, question_id in unfinished:
            if self._runner.makes(answer.id):
                continue
            # Looked at twice: when Redis comes back empty, everybody seems dead for a beat, and
            # what is ours may be about to begin.
            suspect = answer.id if answer.runner == self._runner.name else answer.runner
            self._suspects.add(suspect)
            if answer.runner and suspect not in suspects:
                continue
            job = Job.of(answer, question_id, answer.epoch + 1)
            # One that was handed over, perhaps from line to line, has ended nobody.
            if answer.epoch - answer.handed_over > TAKEOVERS and answer.runner:
                self._runner.give_up(job)
                continue
            self._runner.start(job)
            if answer.stopping:
                self._runner.stop(answer.id)

    async def _stop_unheard(self) -> None:
        """Stop what people wanted stopped when this process could not be told."""
        async with reading() as session:
            wanted = await repository.to_stop(session, self._runner.name)
        for answer_id in wanted:
            self._runner.stop(answer_id)

    async def _is_orphaned_by(self, process: str) -> bool:
        # What bears our name and does not run here could not be begun or ended; what bears none
        # was handed over.
        if process in (self._runner.name, ""):
            return True
        return await self._runner.lease.outlives(process)
