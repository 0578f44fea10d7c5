"""What the pool tells while it answers."""

from dataclasses import dataclass
from typing import Literal

from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata

Outcome = Literal["ok", "client", "auth", "rate", "fail", "stopped", "passed"]
"""How an attempt ended: a full answer; the question was refused; the key or the model was; a limit
was reached; it failed or was cut; the caller stopped it. Or it was none: the member was passed
over, because it could not be asked then."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One member's try at a question. Times are in milliseconds."""

    member: str
    label: str
    outcome: Outcome
    first_token_ms: float | None
    duration_ms: float
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    wait_ms: float = 0
    """How long the question stood in line before it."""
    why: str = ""
    """Why another member was asked, to be read after its label: ``was at its limit``."""
    cached_tokens: int | None = None
    """Tokens of the prompt that the provider had kept."""
    error: str = ""
    """The kind of the error and its status, for administrators."""


@dataclass(frozen=True, slots=True)
class Text:
    """The next piece of the answer, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """The next piece of the model's reasoning, where it gives one. It is no part of the answer.

    To a caller that lets words be taken back it comes as the model thinks, before its first word.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Calls:
    """The model wants tools to be used before it goes on. It comes just before :class:`Done`."""

    message: AIMessage
    """What it said and calls, in a form that every member can be given again."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A member failed; the next one is asked.

    What is thought from here on is the next one's. Words that the one before has said stand until
    a :class:`Restart`.
    """

    attempt: Attempt
    next_label: str


@dataclass(frozen=True, slots=True)
class Restart:
    """A member broke off after words; another begins the answer anew.

    All words before this event are void: those that follow are the whole answer. It comes just
    before the first of them, so that what was said can stay on the screen until then.
    """

    attempt: Attempt
    """The one that broke off."""
    next_label: str


@dataclass(frozen=True, slots=True)
class Done:
    """The answer is complete. This is always the last event."""

    attempt: Attempt
    attempts: tuple[Attempt, ...]
    """All tries in their order, the one that answered last; each after those that were passed over
    for it."""
    usage: UsageMetadata | None
    finish_reason: str
    """``stop``, ``length`` (the model's limit cut it short), ``tool_calls``, ``content_filter``
    or the provider's own word in small letters."""


@dataclass(frozen=True, slots=True)
class Held:
    """Nobody can be asked now: all are at their limits. Only for callers that wait by themselves.

    Whoever asks for the next event lets the pool look again; there may be another of these.
    """

    seconds: float
    """Until somebody can be asked, as far as it is known."""
    why: str
    """``rate``, ``rpm``, ``tpm``, ``rpd``, ``concurrency`` …"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A member is asked now, after a :class:`Held` or at once. For callers that wait."""

    label: str


PoolEvent = Text | Thought | Calls | Hop | Restart | Held | Asked | Done
