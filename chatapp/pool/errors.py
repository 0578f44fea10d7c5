"""How attempts fail, and what a person is told. Providers' texts may hold keys and are dropped."""

import re
from dataclasses import dataclass

from langchain_core.exceptions import ContextOverflowError

from chatapp.pool.events import Attempt, Outcome
from chatapp.pool.hints import is_daily, retry_after

MESSAGES: dict[Outcome, str] = {
    "client": "The model could not take this question. It may be too long; try a shorter one.",
    "auth": "No model can be reached with the configured keys. Please tell the administrator.",
    "rate": "All models are busy right now. Please try again in a moment.",
    "fail": "No model could be reached. Please try again in a moment.",
}
"""What a person is told when nobody could answer, by the way the attempts ended."""

CUT = "The answer was cut off. You can ask for it again."

AUTH_WORDS = re.compile(
    r"api_key_invalid|invalid_api_key|model_decommissioned|model_not_found", re.IGNORECASE
)
RATE_WORDS = re.compile(
    r"rate_limit|resource_exhausted|insufficient_quota|too_many_requests", re.IGNORECASE
)
LONG_WORDS = re.compile(r"context_length|request_too_large|string_above_max", re.IGNORECASE)
LONG_SENTENCE = re.compile(r"input token count .{0,40}exceeds the maximum", re.IGNORECASE)
CLIENT_WORDS = re.compile(r"invalid_request|context_length|invalid_argument", re.IGNORECASE)

WORDS: tuple[tuple[Outcome, re.Pattern[str]], ...] = (
    ("auth", AUTH_WORDS),
    ("rate", RATE_WORDS),
    ("client", CLIENT_WORDS),
)


class PoolError(Exception):
    """The pool could not answer. ``str()`` of it may be shown to people."""

    def __init__(self, message: str, attempts: tuple[Attempt, ...]) -> None:
        super().__init__(message)
        self.attempts = attempts


class PoolExhausted(PoolError):
    """Every member was tried or is resting, and none said a word."""

    def __init__(
        self,
        attempts: tuple[Attempt, ...] = (),
        retry_after: float | None = None,
        *,
        busy: bool = False,
    ) -> None:
        self.outcome: Outcome = "rate" if busy else _gravest(attempts)
        self.retry_after = retry_after
        """In how many seconds a member can be asked again, if that is known."""
        super().__init__(MESSAGES[self.outcome], attempts)


class AnswerCut(PoolError):
    """The answer broke off after its first words; it is not complete and must not be taken so."""

    def __init__(
        self, attempts: tuple[Attempt, ...], outcome: Outcome = "fail", *, partial: bool = True
    ) -> None:
        self.outcome: Outcome = outcome
        self.partial = partial
        """Whether words have already been given out."""
        super().__init__(CUT, attempts)


class EndedSilently(Exception):
    """A stream ended without a finish reason: a cut, however clean it looked."""


class SaidNothing(Exception):
    """A model finished without a word."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What is kept of an error: nothing that a provider wrote."""

    outcome: Outcome
    kind: str
    """The error's class and status, for logs."""
    retry_after: float | None = None
    """Seconds."""
    day: bool = False
    """Whether it is the day's quota that is used up."""
    too_long: bool = False
    """Whether the question has more tokens than the model takes."""


def classify(error: BaseException) -> Failure:
    """Tell how an attempt failed from the error of any integration."""
    chain = [error, *(e for e in (error.__cause__, error.__context__) if e is not None)]
    status = next((s for e in chain if (s := _status(e)) is not None), None)
    kind = type(error).__name__ if status is None else f"{type(error).__name__} {status}"
    wait = next((w for e in chain if (w := retry_after(e)) is not None), None)
    outcome = _outcome(error, chain, status)
    return Failure(
        outcome,
        kind,
        wait,
        day=outcome == "rate" and any(is_daily(e) for e in chain),
        too_long=outcome == "client" and _too_long(error, chain, status),
    )


def _outcome(error: BaseException, chain: list[BaseException], status: int | None) -> Outcome:
    if isinstance(error, ContextOverflowError):
        return "client"
    if status == 429 or status == 498:
        return "rate"
    if status in {401, 402, 403, 404}:
        return "auth"
    words = " ".join(_words(e) for e in chain)
    if status in {400, 409, 413, 422}:
        return "auth" if AUTH_WORDS.search(words) else "client"
    if status is None and words:
        # An error in the middle of a stream has a body but no status of its own.
        for outcome, known in WORDS:
            if known.search(words):
                return outcome
    return "fail"


def _status(error: BaseException) -> int | None:
    for name in ("status_code", "code"):
        value = getattr(error, name, None)
        if isinstance(value, int) and 400 <= value <= 599:
            return value
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        for name in ("status_code", "code", "status"):
            value = body.get(name)
            if isinstance(value, int) and 400 <= value <= 599:
                return value
    return None


def _words(error: BaseException) -> str:
    """The machine's words of an error. Its sentences may repeat the question and are not read."""
    body = getattr(error, "body", None) or getattr(error, "details", None)
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        body = body["error"]
    if not isinstance(body, dict):
        return ""
    words = [body.get(name) for name in ("code", "type", "status")]
    details = body.get("details")
    if isinstance(details, list):
        words += [item.get("reason") for item in details if isinstance(item, dict)]
    return " ".join(word for word in words if isinstance(word, str))


def _too_long(error: BaseException, chain: list[BaseException], status: int | None) -> bool:
    if isinstance(error, ContextOverflowError) or status == 413:
        return True
    words = " ".join(_words(e) for e in chain)
    if LONG_WORDS.search(words):
        return True
    # Gemini has no word for it; its sentence is looked at and not kept.
    details = getattr(error.__cause__, "details", None)
    inner = details.get("error", details) if isinstance(details, dict) else None
    message = inner.get("message") if isinstance(inner, dict) else None
    return isinstance(message, str) and LONG_SENTENCE.search(message[:2000]) is not None


def _gravest(attempts: tuple[Attempt, ...]) -> Outcome:
    """What to tell about many attempts: what waiting can mend comes first."""
    outcomes = {attempt.outcome for attempt in attempts}
    for outcome in ("rate", "client", "fail", "auth"):
        if outcome in outcomes:
            return outcome
    return "fail"
