"""What an answer that has ended is charged."""

from chatapp.answers.job import Job
from chatapp.answers.models import Source
from chatapp.answers.repository import Outcome
from chatapp.chats.models import Status
from chatapp.limits.ledger import Bill
from chatapp.pool.content import tokens_of
from chatapp.pool.own import OWN

UNASKED = "passed"
"""The outcome of members that were passed over: nothing was used."""


def bill_of(job: Job, outcome: Outcome) -> Bill:
    """What an answer used, and whether it counts: what failed is on us."""
    attempts = [each for each in outcome.attempts if each["outcome"] != UNASKED]
    stopped = outcome.status == Status.STOPPED and bool(outcome.text or attempts)
    return Bill(
        user_id=job.user_id,
        answer_id=job.answer_id,
        asked_at=job.asked_at,
        tier=job.tier or "",
        attempts=attempts,
        tokens=_tokens(outcome),
        charged=outcome.status == Status.DONE or stopped,
        saved_tokens=outcome.saved_prompt_tokens + outcome.saved_completion_tokens,
    )


def _tokens(outcome: Outcome) -> int:
    """What counts against the person's limits: not what was there already, or paid by own keys."""
    by = str(outcome.attempts[-1]["member"]) if outcome.attempts else ""
    if outcome.source is not Source.MODEL or by.startswith(OWN):
        return 0
    told = outcome.prompt_tokens + outcome.completion_tokens
    # Who stops, or asks a provider that does not count, uses about as much as there is text.
    return told or outcome.asked_tokens + tokens_of(outcome.text)
