"""One answer while it is made: from the prompt to what is to be kept of it."""

from contextlib import aclosing
from dataclasses import asdict, dataclass
from time import monotonic
from uuid import UUID

from chatapp.answers.events import Kind
from chatapp.answers.log import AnswerLog
from chatapp.answers.prompt import prompt
from chatapp.answers.repository import Outcome
from chatapp.answers.staying import preferred
from chatapp.chats.models import Status
from chatapp.chats.text import storable
from chatapp.pool.errors import PoolError
from chatapp.pool.events import Done, Hop, Restart, Text
from chatapp.pool.service import pool
from chatapp.pool.trail import attempts

LONGEST_ANSWER = 400_000
"""The length, in characters, at which an answer is ended."""

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
    """Which writer of its log this is: one that takes over has the next."""


class Making:
    """The words of one answer as they come, and its outcome."""

    def __init__(self, job: Job, log: AnswerLog) -> None:
        self.outcome = Outcome(Status.FAILED, "")
        self._job = job
        self._log = log
        self._began = monotonic()

    async def make(self) -> None:
        """Ask the pool until the answer is done.

        Raises:
            PoolError: nobody answered, or the answer was cut.
        """
        with attempts() as trail:
            try:
                await self._answer()
            finally:
                self.outcome.attempts = [asdict(attempt) for attempt in trail]

    async def _answer(self) -> None:
        messages = await prompt(self._job.user_id, self._job.question_id)
        prefer = await preferred(self._job.user_id, self._job.question_id)
        length = 0
        answer = pool().answer(messages, tier=self._job.tier, restarts=True, prefer=prefer)
        async with aclosing(answer) as events:
            async for event in events:
                match event:
                    case Text(text):
                        length += self._say(text)
                        if length > LONGEST_ANSWER:
                            return self.end(Status.DONE, TOO_LONG)
                    case Hop():
                        self._log.add(Kind.HOP, {"to": event.next_label})
                    case Restart():
                        length = 0
                        self._log.restart()
                    case Done():
                        self._credit(event)
                        if event.finish_reason == "length":
                            return self.end(Status.DONE, CUT_BY_MODEL)
        return self.end(Status.DONE)

    def fail(self, error: PoolError) -> None:
        """End with what the pool says."""
        self.end(Status.FAILED, str(error))

    def end(self, status: Status, problem: str = "") -> None:
        """End with the words so far."""
        self.outcome.status = status
        self.outcome.problem = problem
        self.outcome.text = self._log.said
        self.outcome.duration_ms = self._elapsed()

    def _say(self, text: str) -> int:
        words = storable(text)
        if self.outcome.first_token_ms is None:
            self.outcome.first_token_ms = self._elapsed()
        self._log.text(words)
        return len(words)

    def _credit(self, done: Done) -> None:
        self.outcome.answered_by = done.attempt.label
        self.outcome.prompt_tokens = done.attempt.prompt_tokens or 0
        self.outcome.completion_tokens = done.attempt.completion_tokens or 0

    def _elapsed(self) -> int:
        return round((monotonic() - self._began) * 1000)
