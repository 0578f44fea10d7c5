"""What an answer that has ended tells to metrics and traces. Nothing of it is text or a name."""

from collections.abc import Sequence
from time import time
from typing import Any

from chatapp import metrics, traces
from chatapp.answers.job import Job
from chatapp.answers.repository import Outcome
from chatapp.limits.ledger import cost

MODEL = "model"


def give(job: Job, outcome: Outcome, saved_in: float) -> None:
    """Count an answer that was saved just now, which took ``saved_in`` seconds."""
    _count(outcome)
    _trace(job, outcome, time() - saved_in, saved_in)


def _count(outcome: Outcome) -> None:
    metrics.ANSWERS.labels(str(outcome.status), str(outcome.source) or MODEL).inc()
    metrics.TOKENS.labels("prompt").inc(outcome.prompt_tokens)
    metrics.TOKENS.labels("completion").inc(outcome.completion_tokens)
    duration, first = outcome.duration_ms or 0, outcome.first_token_ms
    metrics.ANSWER.observe(duration / 1000)
    if first is not None:
        metrics.FIRST_WORD.observe(first / 1000)
        if outcome.completion_tokens > 1:
            metrics.TOKEN.observe((duration - first) / 1000 / (outcome.completion_tokens - 1))
    metrics.SAVED.inc(outcome.saved_prompt_tokens + outcome.saved_completion_tokens)
    for attempt in outcome.attempts:
        member = attempt["member"]
        metrics.ATTEMPTS.labels(member, attempt["outcome"]).inc()
        if attempt.get("first_token_ms") is not None:
            metrics.MEMBER_FIRST.labels(member).observe(attempt["first_token_ms"] / 1000)
        read, written = attempt.get("prompt_tokens") or 0, attempt.get("completion_tokens") or 0
        metrics.COST.inc(cost(member, read, written, attempt.get("cached_tokens") or 0))
    if waited := sum(attempt.get("wait_ms") or 0 for attempt in outcome.attempts):
        metrics.WAITED.observe(waited / 1000)


def _trace(job: Job, outcome: Outcome, ended: float, saved_in: float) -> None:
    began = ended - (outcome.duration_ms or 0) / 1000
    whole = traces.told(
        "answer",
        began,
        ended + saved_in,
        attributes={
            "chatapp.answer": str(job.answer_id),
            "chatapp.epoch": job.epoch,
            "chatapp.status": str(outcome.status),
            "chatapp.source": str(outcome.source) or MODEL,
            "chatapp.tokens": outcome.completion_tokens,
        },
    )
    if whole is None:
        return
    tries = _times(outcome.attempts, ended)
    traces.told("queue", began, tries[0][1] if tries else began, within=whole)
    for attempt, start, end in tries:
        said = {"chatapp.member": attempt["member"], "chatapp.outcome": attempt["outcome"]}
        traces.told("attempt", start, end, within=whole, attributes=said)
    if outcome.first_token_ms is not None:
        first = began + outcome.first_token_ms / 1000
        traces.told("first word", began, first, within=whole)
        traces.told("stream", first, ended, within=whole)
    traces.told("end", ended, ended + saved_in, within=whole)


def _times(
    attempts: Sequence[dict[str, Any]], ended: float
) -> list[tuple[dict[str, Any], float, float]]:
    """When each attempt began and ended: one followed the other, and the last one ended it."""
    found = []
    for attempt in reversed(attempts):
        start = ended - attempt["duration_ms"] / 1000
        found.append((attempt, start, ended))
        ended = start - (attempt.get("wait_ms") or 0) / 1000
    found.reverse()
    return found
