"""What the pool reserves for an attempt and what it learns at its end."""

from dataclasses import dataclass

from chatapp.pool.config import Member
from chatapp.pool.events import Outcome
from chatapp.pool.signals import NOTHING, Told


@dataclass(frozen=True, slots=True)
class Timing:
    """The lengths that admission works with, in milliseconds. Only tests change them."""

    minute: int = 60_000
    day: int = 86_400_000
    lease: int = 30_000
    """After this long without a sign of life an answer's reservation is void."""
    open: int = 5_000
    """How long a failing member rests at first; twice as long after each failed probe."""
    auth: int = 60_000
    """How long a member whose key or model is refused rests at first."""
    hold: int = 5_000
    """How long a member at its limit rests when the provider does not say how long."""

    @property
    def counted(self) -> int:
        """How long a request counts: a little longer than the provider counts it."""
        return self.minute + self.minute // 60


@dataclass(frozen=True, slots=True)
class Passed:
    """A member that cannot be asked now."""

    member: Member
    seconds: float
    """How long until it can."""
    why: str
    """As in :class:`Wait`."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A member's admission: one place, one request and some tokens."""

    id: str
    member: Member
    tokens: int
    """The tokens reserved."""
    probe: bool = False
    """Whether this attempt finds out for all processes if the member is back."""
    shared: bool = True
    """Whether Redis holds it, not this process alone."""
    passed: tuple[Passed, ...] = ()
    """Who could not be asked instead."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nobody can be asked now."""

    seconds: float
    """How long until the first of them can."""
    why: str
    """``fail``, ``auth``, ``rate``, ``rpm``, ``tpm``, ``rpd`` or ``concurrency``."""
    member: Member
    passed: tuple[Passed, ...] = ()
    """Everybody, each with the own reason."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended, as far as the next admissions need to know. Times in seconds."""

    outcome: Outcome | None
    """None: the member was not asked after all."""
    spoke: bool = False
    tokens: int | None = None
    written: int | None = None
    sent_ago: float | None = None
    """How long ago the provider had the request for certain."""
    first_token: float | None = None
    hold: float | None = None
    """How long the provider wants not to be asked."""
    hold_why: str = "rate"
    kind: str = ""
    """The error's kind, for the count of errors."""
    told: Told = NOTHING
    told_ago: float = 0
