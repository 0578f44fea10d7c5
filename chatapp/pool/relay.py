"""One question on its way through the members, until one of them has answered it."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from chatapp.pool.admission import Admission
from chatapp.pool.attempt import Patience, Trying, speak, translate
from chatapp.pool.config import Member
from chatapp.pool.content import estimated_tokens, has_image
from chatapp.pool.errors import AnswerCut, Failure, PoolError, PoolExhausted, classify
from chatapp.pool.events import Asked, Attempt, Done, Held, Hop, Outcome, Restart
from chatapp.pool.leases import Lease, Passed, Wait
from chatapp.pool.members import Clients
from chatapp.pool.race import Running, race
from chatapp.pool.trail import note

UNKNOWN = 5.0
"""Seconds after which to look again when nobody has said how long it takes."""

LOOK_AGAIN = (0.0, 0.05, 0.1, 0.2, 0.3)
"""Seconds for which a question that stands in line waits at least, turn by turn."""

WHY: dict[Outcome, str] = {
    "client": "could not take the question",
    "auth": "is not set up right",
    "rate": "was at its limit",
    "fail": "did not answer",
}
"""Why the next one was asked, to be read after the name of the one before."""

WHY_PASSED = {
    "rpd": "had used up its day",
    "auth": "is not set up right",
    "fail": "was not answering",
    "concurrency": "was busy",
}
"""Why one was not even asked; all else is a limit."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and how."""

    group: str
    """The name of the rotation: a tier, or empty for the whole pool."""
    messages: list[BaseMessage]
    stop: list[str] | None
    options: dict[str, Any]
    restarts: bool
    """Whether words, and what is thought before them, may be taken back."""
    prefer: str = ""
    """The name of the member that is asked first if it can be."""
    waits: bool = False
    """Whether who asks waits by himself while all are at their limits."""


class Relay:
    """Asks one member after the other, each at most once, as long as there is time."""

    def __init__(
        self,
        question: Question,
        members: Sequence[Member],
        clients: Clients,
        admission: Admission,
        patience: Patience,
    ) -> None:
        self._question = question
        self._clients = clients
        self._admission = admission
        self._patience = patience
        self._until = asyncio.get_running_loop().time() + patience.total
        self._tokens = estimated_tokens(question.messages, question.options)
        self._members = self._left = self._able(members)
        self._attempts: list[Attempt] = []
        self._trail: list[Attempt] = []
        """The attempts, and who was passed over for them."""
        self._cut: Attempt | None = None
        """The attempt whose words are on the screen."""
        self._waits: list[float] = []
        self._why = ""
        """Why nobody could be asked, if that was so."""
        self._passed: Sequence[Passed] = ()
        """Who could not be asked, if nobody could."""
        self._round = 0
        """How many attempts there were before the last wait of the caller's."""
        self._waited = False
        self._patience_left = patience.line

    async def run(
        self,
    ) -> AsyncGenerator[ChatGenerationChunk | Hop | Restart | Held | Asked | Done, None]:
        """Stream the answer. Closing this generator closes the provider's connection.

        Raises:
            PoolExhausted: nobody said a word.
            AnswerCut: words were said, and nobody could begin anew.
        """
        while (running := await self._turn()) is not None or self._may_wait():
            if running is None:
                yield Held(min(self._waits, default=UNKNOWN), self._why or "rate")
                self._look_again()
                continue
            outcome: Outcome = "stopped"
            failure: Failure | None = None
            try:
                for event in self._told(running.lease.member.label):
                    yield event
                running = await self._faster(running)
                async with aclosing(running.chunks()) as chunks:
                    async for chunk in chunks:
                        if self._cut is not None and running.trying.spoke:
                            yield Restart(self._cut, running.lease.member.label)
                            self._cut = None
                        yield chunk
                outcome = "ok"
            except Exception as error:
                failure = classify(error)
                outcome = failure.outcome
                log.warning("%s: %s (%s)", running.lease.member.name, outcome, failure.kind)
            finally:
                attempt = await self._settle(running, outcome, failure)
            trying = running.trying
            # Raised outside of the handlers, so that no provider's error is their context.
            if outcome == "ok":
                yield Done(attempt, tuple(self._trail), trying.usage, trying.finish or "stop")
                return
            if trying.spoke:
                self._cut = attempt
                if not self._question.restarts:
                    break
        raise self._nobody()

    def _told(self, label: str) -> list[Asked | Hop]:
        """What the caller learns before a member is asked."""
        told: list[Asked | Hop] = [Asked(label)] if self._question.waits else []
        if self._attempts:
            told.append(Hop(self._attempts[-1], label))
        return told

    def _nobody(self) -> PoolError:
        self._pass_over(self._passed)
        trail = tuple(self._trail)
        if self._cut is not None:
            return AnswerCut(trail, self._cut.outcome)
        wait = min(self._waits, default=None)
        return PoolExhausted(trail, wait, busy=self._busy and not self._attempts)

    @property
    def _busy(self) -> bool:
        return self._why not in {"", "fail", "auth"}

    def _may_wait(self) -> bool:
        """Whether the caller waits, and for something that time alone brings back."""
        if not self._question.waits or self._cut is not None:
            return False
        if tried := self._attempts[self._round :]:
            return any(attempt.outcome == "rate" for attempt in tried)
        # Who stands in line already stays there while a member that failed is out.
        return self._busy or self._waited

    def _look_again(self) -> None:
        """All may be asked once more, except those that could not take the question."""
        unable = {attempt.member for attempt in self._attempts if attempt.outcome == "client"}
        self._left = [m for m in self._members if m.name not in unable]
        self._round, self._waited = len(self._attempts), True
        self._waits, self._why = [], ""
        self._until = asyncio.get_running_loop().time() + self._patience.total

    async def _turn(self) -> Running | None:
        """The next member's attempt; None: nobody is left, or no time."""
        clock = asyncio.get_running_loop()
        began, asked_again = clock.time(), 0
        while self._left and clock.time() < self._until:
            reply = await self._admit()
            if isinstance(reply, Lease):
                return self._begin(reply, clock.time() - began)
            if reply.seconds > min(self._patience_left, self._until - clock.time()):
                self._passed = reply.passed
                self._waits.append(reply.seconds)
                self._why = reply.why
                return None
            # Nobody knows when a place is free: many who wait ask less and less often.
            pause = max(reply.seconds, min(self._patience_left, LOOK_AGAIN[asked_again]))
            asked_again = min(asked_again + 1, len(LOOK_AGAIN) - 1)
            self._patience_left -= pause
            await asyncio.sleep(pause)
        return None

    async def _admit(self) -> Lease | Wait:
        question = self._question
        return await self._admission.admit(
            question.group, self._left, self._tokens, question.prefer
        )

    def _begin(self, lease: Lease, waited: float) -> Running:
        self._left = [m for m in self._left if m.name != lease.member.name]
        self._pass_over(lease.passed)
        trying = Trying(lease.member, waited)
        return Running(lease, trying, self._speech(lease, trying))

    async def _faster(self, running: Running) -> Running:
        """The attempt itself or, if that is slow and the pool hedges, one that was quicker."""
        if self._patience.hedge is None:
            return running
        return await race(running, self._patience.hedge, self._another, self._lost)

    async def _another(self) -> Running | None:
        """One more member, if it need not be waited for."""
        if not self._left:
            return None
        reply = await self._admit()
        return self._begin(reply, 0) if isinstance(reply, Lease) else None

    async def _lost(self, running: Running) -> None:
        """Settle one that was slower than another."""
        first, failure = running.first, None
        if first is not None and not first.cancelled() and (error := first.exception()):
            failure = classify(error)
        await self._settle(running, "stopped" if failure is None else failure.outcome, failure)

    async def _speech(
        self, lease: Lease, trying: Trying
    ) -> AsyncGenerator[ChatGenerationChunk, None]:
        question = self._question
        async with self._admission.holding(lease):
            model = (await self._clients.get(lease.member)).model
            options = translate(model, question.options)
            trying.begin()
            speech = speak(
                trying,
                model,
                question.messages,
                question.stop,
                options,
                self._patience,
                self._until,
                aloud=question.restarts,
            )
            proved = not lease.probe
            async with aclosing(speech):
                async for chunk in speech:
                    if not proved and trying.spoke:
                        await self._admission.proved(lease)
                        proved = True
                    yield chunk

    async def _settle(self, running: Running, outcome: Outcome, failure: Failure | None) -> Attempt:
        lease, trying = running.lease, running.trying
        why, error = "", ""
        if failure is not None:
            why, error = _why(failure, trying), failure.kind
            if failure.too_long:
                self._left = _larger(self._left, lease.member)
        attempt = trying.ended(outcome, why, error)
        self._attempts.append(attempt)
        self._note(attempt)
        ending = trying.ending(outcome, failure)
        if ending.hold is not None:
            self._waits.append(ending.hold)
        await self._admission.settle(lease, ending)
        return attempt

    def _pass_over(self, members: Sequence[Passed]) -> None:
        known = {attempt.member for attempt in self._trail}
        for passed in members:
            if passed.member.name not in known:
                self._note(_passed(passed))

    def _note(self, attempt: Attempt) -> None:
        self._trail.append(attempt)
        note(attempt)

    def _able(self, members: Sequence[Member]) -> list[Member]:
        """The members that can take the question; all of them if none says it can."""
        able = list(members)
        if self._question.options.get("tools"):
            able = [m for m in able if m.tools] or able
        images = any(has_image(message.content) for message in self._question.messages)
        if images and any(not m.vision for m in able):
            able = [m for m in able if m.vision] or able
        return [m for m in able if m.context is None or m.context >= self._tokens] or able


def _larger(members: list[Member], small: Member) -> list[Member]:
    """Those that may take a question for which one was too small."""
    if small.context is None:
        return members
    return [m for m in members if m.context is None or m.context > small.context]


def _why(failure: Failure, trying: Trying) -> str:
    if trying.spoke:
        return "broke off"
    if failure.too_long:
        return "is too small for the question"
    if failure.outcome == "auth" and trying.member.account.owner:
        return "was refused"
    if failure.day:
        return "had used up its day"
    if failure.kind.startswith("TimeoutError"):
        return "took too long"
    if trying.thought and failure.outcome == "fail":
        return "broke off while it thought"
    return WHY[failure.outcome]


def _passed(passed: Passed) -> Attempt:
    """The record of a member that was not asked."""
    return Attempt(
        member=passed.member.name,
        label=passed.member.label,
        outcome="passed",
        first_token_ms=None,
        duration_ms=0,
        why=WHY_PASSED.get(passed.why, WHY["rate"]),
        error=f"{passed.why}, {passed.seconds:,.0f} s left",
    )
