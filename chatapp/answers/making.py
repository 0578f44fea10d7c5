"""One answer while it is made: from the prompt to what is to be kept of it."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import asdict
from functools import partial
from time import monotonic

from chatapp.agents.reasoning import Reasoning
from chatapp.agents.steps import Step as TurnStep
from chatapp.agents.steps import summary
from chatapp.agents.tools.catalogue import Caller, available, built
from chatapp.agents.turn import AgentTurn
from chatapp.answers.approval import Approvals
from chatapp.answers.cache import Entry, keepable, place_of
from chatapp.answers.desk import Desk
from chatapp.answers.events import Kind
from chatapp.answers.flight import Flight, Flights, Leader
from chatapp.answers.hearing import Hearing, TooLong
from chatapp.answers.job import Job
from chatapp.answers.line import Line
from chatapp.answers.log import AnswerLog
from chatapp.answers.mirror import Ending
from chatapp.answers.models import Source
from chatapp.answers.repository import Outcome
from chatapp.answers.request import Request, request_for
from chatapp.answers.shelf import shelf
from chatapp.answers.standing import Standing
from chatapp.chats.models import Status
from chatapp.database import now, patiently
from chatapp.limits import degradation
from chatapp.limits.degradation import ONLY_KNOWN, Step
from chatapp.pool.content import estimated_tokens
from chatapp.pool.errors import PoolError, PoolExhausted
from chatapp.pool.trail import attempts

PATIENCE = 60.0
"""How long the beginning of an answer waits for a database that is away, in seconds."""

CUT_BY_MODEL = "The model ended here because the answer reached its longest length."
TOO_LONG = "The answer became too long and was ended here."


class Making:
    """The words of one answer as they come, and its outcome."""

    def __init__(
        self, job: Job, log: AnswerLog, flights: Flights, line: Line, approvals: Approvals
    ) -> None:
        self.outcome = Outcome(Status.FAILED, "")
        self._hearing = Hearing(log, self.outcome)
        self._desk = Desk(job, log, line, approvals, self._hearing)
        self._job = job
        self._log = log
        self._flights = flights
        self._flight: Flight | None = None
        self._shown = ""
        self._began = monotonic()

    async def make(self) -> None:
        """Find the answer, or ask the pool for it, until it is done.

        Raises:
            PoolError: nobody answered, or the answer was cut.
        """
        job = self._job
        step = await degradation.step(job.tier)
        asked = partial(request_for, job.user_id, job.question_id, job.tier, step, job.agent_id)
        request = await patiently(asked, PATIENCE)
        self._flight = self._flight_of(request)
        if self._flight and not self._job.anew:
            match await self._flight.board(self._log):
                case Entry() as entry:
                    return self._give_again(entry)
                case Ending() as ending:
                    return await self._share(ending)
        if step is Step.CACHE_ONLY:
            return await self._give_known()
        try:
            await self._ask(request)
        except PoolExhausted as error:
            if error.outcome == "client" or not await self._give_old():
                raise

    def resume(self, steps: Sequence[TurnStep], shown: str) -> None:
        """Go on after what another process has finished; some words of it were shown last."""
        self._shown = shown
        self._desk.resume(steps)
        self.outcome.prompt_tokens = sum((step.said or {}).get("tokens", 0) for step in steps)

    async def leave(self, *, ended: bool) -> None:
        """Let go of what others may join; they may be given a whole answer that has ended."""
        if self._flight is None:
            return
        outcome = self.outcome
        await self._flight.leave(self._entry() if ended and outcome.cache_key else None)
        if ended and (saved := outcome.saved_prompt_tokens + outcome.saved_completion_tokens):
            await shelf().note(self._flight.place, saved)

    def fail(self, error: PoolError) -> None:
        """End with what the pool says."""
        self.outcome.for_all = True
        self.end(Status.FAILED, str(error))

    def end(self, status: Status, problem: str = "") -> None:
        """End with the words so far."""
        outcome = self.outcome
        # What was seen is kept where nothing has come in its place.
        said = self._log.said or ("" if status is Status.DONE else self._shown)
        outcome.status, outcome.problem, outcome.text = status, problem, said
        outcome.for_all |= status is Status.DONE
        outcome.unkept = self._desk.close()
        outcome.thoughts = summary(step.view() for step in self._desk.steps)
        outcome.duration_ms = self._since(monotonic())
        if self._log.first_at is not None:
            outcome.first_token_ms = self._since(self._log.first_at)

    def _flight_of(self, request: Request) -> Flight | None:
        job, place = self._job, place_of(request)
        me = Leader(job.user_id, job.chat_id, job.answer_id, job.epoch)
        return Flight(self._flights, place, me) if place else None

    async def _ask(self, request: Request) -> None:
        self.outcome.context_from = request.begins_at
        self.outcome.asked_tokens = estimated_tokens(request.messages, {})
        self._desk.open(request, self)
        with attempts() as trail:
            try:
                problem = await self._take_down(request)
            except TooLong:
                problem = TOO_LONG
            finally:
                self.outcome.attempts = [asdict(attempt) for attempt in trail]
        if self._hearing.finish_reason == "length":
            problem = problem or CUT_BY_MODEL
        elif self._hearing.finish_reason == "stop" and not self._hearing.restarted:
            self._keep()
        self.end(Status.DONE, problem)

    async def _take_down(self, request: Request) -> str:
        """The words of the answer; what is to be said of its end."""
        tools = built(request.tools, Caller(self._job.user_id, self._job.chat_id))
        if tools or self._desk.steps:
            known = {tool.name: tool for tool in available()}
            return await AgentTurn(self._desk, tools, known, self._desk.steps).run(request.messages)
        answer = self._desk.ask(request.messages, ())
        with Reasoning(self._desk.show) as reasoning:
            async with aclosing(answer) as events:
                async for event in events:
                    reasoning.hear(event)
                    self._hearing.take(event)
        return ""

    def stand(self, standing: Standing | None) -> None:
        """Tell where the question stands in line; nothing: it is asked now."""
        self._log.add(Kind.LINE, standing.data() if standing else None)

    async def go_alone(self) -> None:
        """What comes now was not asked for by those who have joined, and is not kept."""
        if self._flight is not None:
            await self._flight.leave(None)
            self._flight = None
            self._log.add(Kind.ALONE)

    def _keep(self) -> None:
        """Nothing speaks against giving the answer again."""
        if self._flight and keepable(self._log.said):
            self.outcome.cache_key = self._flight.place.name

    def _give_again(self, entry: Entry, source: Source = Source.CACHE) -> None:
        outcome = self.outcome
        self._log.become(entry.text)
        outcome.source, outcome.cached_at = source, entry.at
        outcome.answered_by = entry.by
        if source is Source.CACHE:
            outcome.saved_prompt_tokens = entry.prompt_tokens
            outcome.saved_completion_tokens = entry.completion_tokens
        self.end(Status.DONE)

    async def _give_known(self) -> None:
        if not await self._give_old():
            self.end(Status.FAILED, ONLY_KNOWN)

    async def _give_old(self) -> bool:
        """Nobody can be asked: an old answer is better than none. False: there is none."""
        entry = await shelf().recall(self._flight.place) if self._flight else None
        if entry:
            self._give_again(entry, Source.OLD)
        return entry is not None

    async def _share(self, ending: Ending) -> None:
        """End as the answer that was joined."""
        if ending.failed and await self._give_old():
            return
        outcome = self.outcome
        outcome.source, outcome.answered_by = Source.JOINED, ending.by
        outcome.saved_prompt_tokens = ending.prompt_tokens
        outcome.saved_completion_tokens = ending.completion_tokens
        self.end(ending.status, ending.problem)

    def _entry(self) -> Entry:
        outcome = self.outcome
        read, written = outcome.prompt_tokens, outcome.completion_tokens
        return Entry(outcome.text, outcome.answered_by, now(), read, written)

    def _since(self, moment: float) -> int:
        return round((moment - self._began) * 1000)
