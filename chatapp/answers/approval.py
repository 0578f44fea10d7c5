"""Steps that wait until their person has approved them.

What was decided is in the database, so the wait goes on in whatever process has the answer.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from chatapp.agents.steps import State
from chatapp.answers import step_repository
from chatapp.database import now, reading, transaction

LOOK = 20.0
"""After so many seconds without news it is looked whether something was decided."""

LONGEST = timedelta(days=1)
"""A step that nobody has decided on so long after the question counts as refused."""

SHOWN = 3600.0
"""After so many seconds a step that waits is shown again, so that its log does not expire."""


class Approvals:
    """The steps of this process's answers that wait."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[UUID, int], asyncio.Event] = {}

    def waiting(self) -> set[UUID]:
        """The answers of which a step waits."""
        return {answer_id for answer_id, _ in self._waiting}

    def decided(self, answer_id: UUID, number: int) -> bool:
        """A step was approved or refused. False: it does not wait here."""
        event = self._waiting.get((answer_id, number))
        if event:
            event.set()
        return event is not None

    async def given(
        self,
        user_id: UUID,
        answer_id: UUID,
        number: int,
        asked_at: datetime,
        again: Callable[[], None],
    ) -> bool:
        """Wait until a step is approved, or refused.

        Args:
            user_id: Whose answer.
            answer_id: The answer.
            number: The step's.
            asked_at: When the question was asked.
            again: Shows the step again.
        """
        clock = asyncio.get_running_loop().time
        due = clock() + SHOWN
        event = self._waiting[answer_id, number] = asyncio.Event()
        try:
            while (state := await _state(user_id, answer_id, number, asked_at)) is State.ASKS:
                if clock() > due:
                    again()
                    due = clock() + SHOWN
                await _news(event)
                event.clear()
            return state is State.APPROVED
        finally:
            del self._waiting[answer_id, number]


async def _news(event: asyncio.Event) -> None:
    """Wait for news, or until it is time to look without any."""
    try:
        async with asyncio.timeout(LOOK):
            await event.wait()
    except TimeoutError:
        return


async def _state(user_id: UUID, answer_id: UUID, number: int, asked_at: datetime) -> State:
    try:
        if now() - asked_at > LONGEST:
            async with transaction() as session:
                await step_repository.decide(session, user_id, answer_id, number, State.REFUSED)
        async with reading() as session:
            found = await step_repository.step(session, user_id, answer_id, number)
    except SQLAlchemyError:
        return State.ASKS
    return State(found.state) if found else State.REFUSED
