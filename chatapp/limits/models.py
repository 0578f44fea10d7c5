"""The tables of limits: overrides, groups' tiers, the ledger of attempts and its sums.

The ledger and its sums have no foreign keys: what was used stays counted when chats are deleted.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint
from sqlmodel import Field

from chatapp.database import Moment, Table, new_id, now


class LimitOverride(Table, table=True):
    """One limit that a group or a person has instead of everybody's; one of the two is named."""

    __table_args__ = (UniqueConstraint("group_id", "name"), UniqueConstraint("user_id", "name"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    group_id: UUID | None = Field(default=None, foreign_key="groups.id", ondelete="CASCADE")
    user_id: UUID | None = Field(default=None, foreign_key="users.id", ondelete="CASCADE")
    name: str = Field(sa_type=Text)
    """A field of :class:`chatapp.limits.policy.Limits`."""
    value: int = Field(sa_type=BigInteger)
    """0: no limit."""
    changed_at: datetime = Field(default_factory=now, sa_type=Moment)
    changed_by: UUID | None = None


class GroupTier(Table, table=True):
    """A tier that a group's people may use; a group without any says nothing of tiers."""

    group_id: UUID = Field(primary_key=True, foreign_key="groups.id", ondelete="CASCADE")
    tier: str = Field(primary_key=True, sa_type=Text)


class ProviderAttempt(Table, table=True):
    """The ledger: one try of a provider at an answer, or an answer that needed none."""

    __table_args__ = (
        Index("ix_provider_attempts_user_id", "user_id", "at"),
        Index("ix_provider_attempts_at", "at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID
    answer_id: UUID = Field(index=True)
    day: date
    """The day, by the organisation's clock, of the question."""
    tier: str = Field(default="", sa_type=Text)
    account: str = Field(default="", sa_type=Text)
    member: str = Field(default="", sa_type=Text)
    """The member's stable name; empty when no provider was asked."""
    outcome: str = Field(sa_type=Text)
    """As the pool tells it, or ``cache``."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Tokens of the prompt that the provider had kept."""
    saved_tokens: int = 0
    """Tokens that no provider was asked for because the answer was there."""
    cost: int = Field(default=0, sa_type=BigInteger)
    """In millionths of the unit of the configured prices."""
    first_token_ms: int | None = None
    duration_ms: int = 0
    wait_ms: int = 0
    error: str = Field(default="", sa_type=Text)
    at: datetime = Field(default_factory=now, sa_type=Moment)
    """When the answer ended."""


class UsageDay(Table, table=True):
    """The ledger's sums of one person, day and member; each end of an answer adds to them."""

    __table_args__ = (Index("ix_usage_days_user_id", "user_id", "day"),)

    day: date = Field(primary_key=True)
    user_id: UUID = Field(primary_key=True)
    member: str = Field(primary_key=True, sa_type=Text)
    attempts: int = 0
    questions: int = 0
    """Questions that this member answered and that counted."""
    prompt_tokens: int = Field(default=0, sa_type=BigInteger)
    completion_tokens: int = Field(default=0, sa_type=BigInteger)
    cached_tokens: int = Field(default=0, sa_type=BigInteger)
    saved_tokens: int = Field(default=0, sa_type=BigInteger)
    cost: int = Field(default=0, sa_type=BigInteger)


class UsageTotal(Table, table=True):
    """Everybody's sums of one day and member, drawn from those of people by the clock."""

    day: date = Field(primary_key=True)
    member: str = Field(primary_key=True, sa_type=Text)
    attempts: int = Field(default=0, sa_type=BigInteger)
    questions: int = Field(default=0, sa_type=BigInteger)
    prompt_tokens: int = Field(default=0, sa_type=BigInteger)
    completion_tokens: int = Field(default=0, sa_type=BigInteger)
    cached_tokens: int = Field(default=0, sa_type=BigInteger)
    saved_tokens: int = Field(default=0, sa_type=BigInteger)
    cost: int = Field(default=0, sa_type=BigInteger)


class UsedPeriod(Table, table=True):
    """What counts against a person's limits in one day or one month: it only grows."""

    __table_args__ = (Index("ix_used_periods_kind", "kind", "first_day"),)

    user_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True, sa_type=Text)
    """``day`` or ``month``."""
    first_day: date = Field(primary_key=True)
    questions: int = 0
    tokens: int = Field(default=0, sa_type=BigInteger)
