"""Providers and attempts as the browser's store holds them, in words for people."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypedDict

from chatapp.pool.check import Checked
from chatapp.pool.status import Limit, MemberStatus, Quota, State

QUOTAS: dict[Limit, str] = {
    "rpm": "Requests a minute",
    "tpm": "Tokens a minute",
    "rpd": "Requests a day",
}
STATES: dict[State, str] = {
    "healthy": "Healthy",
    "hold": "On hold",
    "open": "Out",
    "probing": "Being tried",
    "slow": "Coming back",
}
TONES: dict[State, str] = {"healthy": "good", "slow": "good", "probing": "warn", "hold": "warn"}
REASONS = {
    "rate": "It is at its limit.",
    "rpm": "Its requests of this minute are used up.",
    "tpm": "Its tokens of this minute are used up.",
    "rpd": "Its requests of today are used up.",
    "fail": "It does not answer.",
    "auth": "Its key or its model is refused.",
}
OUTCOMES = {
    "ok": "Answered",
    "client": "Refused the question",
    "auth": "Refused the key",
    "rate": "At its limit",
    "fail": "Failed",
    "stopped": "Stopped",
    "passed": "Passed over",
}

WORTH_TELLING = 50
"""Milliseconds in line; to be admitted takes a few by itself."""

ATTEMPT_TONES = {"ok": "good", "stopped": "good", "passed": "warn"}


class QuotaView(TypedDict):
    """What is left of one limit."""

    what: str
    left: str
    percent: int
    resets: str


class MemberView(TypedDict):
    """One member. Moments are in ISO form, empty when there is none."""

    name: str
    label: str
    tiers: str
    state: str
    tone: str
    why: str
    until: str
    quotas: list[QuotaView]
    facts: list[list[str]]
    errors: list[list[str]]


class AttemptView(TypedDict):
    """One attempt at an answer."""

    id: str
    at: str
    label: str
    outcome: str
    tone: str
    why: str
    facts: str


class TestView(TypedDict):
    """What has come of a test."""

    busy: bool
    words: str
    failed: bool


def member_views(found: Sequence[MemberStatus]) -> list[MemberView]:
    """All members, in the configured order."""
    answers = sum(status.answers for status in found)
    return [_member(status, answers) for status in found]


def _member(status: MemberStatus, answers: int) -> MemberView:
    share = f"{status.answers / answers:.0%} of {answers:,}" if answers else "none yet"
    places = f" of {status.concurrency}" if status.concurrency else ""
    return {
        "name": status.name,
        "label": status.label,
        "tiers": ", ".join(status.tiers),
        "state": STATES[status.state],
        "tone": TONES.get(status.state, "bad"),
        "why": REASONS.get(status.why, ""),
        "until": _moment(status.until),
        "quotas": [_quota(quota) for quota in status.quotas],
        "facts": [
            ["Share of the answers", share],
            ["First words, p50", _seconds(status.first_token_p50_ms)],
            ["First words, p95", _seconds(status.first_token_p95_ms)],
            ["Answering now", f"{status.in_flight}{places}"],
        ],
        "errors": [_error(kind, count) for kind, count in _most(status.errors)],
    }


def _quota(quota: Quota) -> QuotaView:
    return {
        "what": QUOTAS[quota.what],
        "left": f"{quota.left:,} of {quota.limit:,} left",
        "percent": round(100 * quota.left / quota.limit),
        "resets": _moment(quota.resets),
    }


def _most(errors: dict[str, int]) -> Iterable[tuple[str, int]]:
    return sorted(errors.items(), key=lambda item: (-item[1], item[0]))


def _error(kind: str, count: int) -> list[str]:
    outcome, _, name = kind.partition(" ")
    return [OUTCOMES.get(outcome, outcome), name, f"{count:,}"]


def attempt_views(
    found: Sequence[tuple[datetime, list[dict[str, Any]]]], limit: int
) -> list[AttemptView]:
    """The last attempts, the newest first; those at one answer in their order."""
    views: list[AttemptView] = []
    for ended, attempts in found:
        for number, attempt in enumerate(attempts):
            asked = (a["label"] for a in attempts[number + 1 :] if a["outcome"] != "passed")
            following = next(asked, "")
            views.append(_attempt(f"{ended.isoformat()}-{number}", ended, attempt, following))
    return views[:limit]


def _attempt(id_: str, ended: datetime, attempt: dict[str, Any], following: str) -> AttemptView:
    outcome, why = str(attempt["outcome"]), attempt.get("why", "")
    words = ""
    if why:
        words = f"It {why}, so {following} was asked." if following else f"It {why}."
        if error := attempt.get("error"):
            words += f" ({error})"
    return {
        "id": id_,
        "at": _moment(ended),
        "label": attempt["label"],
        "outcome": OUTCOMES.get(outcome, outcome),
        "tone": ATTEMPT_TONES.get(outcome, "bad"),
        "why": words,
        "facts": " · ".join(_facts(attempt)),
    }


def _facts(attempt: dict[str, Any]) -> Iterable[str]:
    if attempt["outcome"] == "passed":
        return
    if attempt.get("wait_ms", 0) >= WORTH_TELLING:
        yield f"waited {_seconds(attempt['wait_ms'])}"
    if attempt.get("first_token_ms") is not None:
        yield f"first words {_seconds(attempt['first_token_ms'])}"
    yield f"{_seconds(attempt['duration_ms'])} in all"
    read, written = attempt.get("prompt_tokens"), attempt.get("completion_tokens")
    if read is not None and written is not None:
        yield f"{read:,} + {written:,} tokens"


def test_view(checked: Checked) -> TestView:
    """What a test has shown."""
    if checked.failure is not None:
        return {"busy": False, "words": f"Tested: {checked.works}.", "failed": True}
    words = f"Tested: it answers, with its first words after {_seconds(checked.first_token_ms)}."
    return {"busy": False, "words": words, "failed": False}


def _seconds(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "none yet"
    if milliseconds < 1000:
        return f"{milliseconds:,.0f} ms"
    return f"{milliseconds / 1000:,.1f} s"


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat(timespec="seconds")
