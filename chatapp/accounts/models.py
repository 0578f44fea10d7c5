"""The tables of accounts: people, their groups and their sessions."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field

from chatapp.database import Moment, Table, new_id, now


class Role(StrEnum):
    """What a person may do."""

    ADMIN = "admin"
    MEMBER = "member"


class UserStatus(StrEnum):
    """Whether a person may come in."""

    ACTIVE = "active"
    PENDING = "pending"
    DISABLED = "disabled"


class User(Table, table=True):
    """A person with an account."""

    __table_args__ = (
        UniqueConstraint("email"),
        Index("ix_users_name", "name", "id"),
        Index("ix_users_role", "role", "id"),
        Index("ix_users_status", "status", "id"),
    )
    # In PostgreSQL there is ix_users_search besides, where its extension pg_trgm may be had.

    id: UUID = Field(default_factory=new_id, primary_key=True)
    email: str = Field(max_length=254)
    """As :func:`chatapp.accounts.emails.normalise` writes it."""
    name: str = Field(default="", max_length=100)
    password_hash: str = Field(sa_type=Text, repr=False)
    role: Role = Field(default=Role.MEMBER, sa_type=Text)
    status: UserStatus = Field(default=UserStatus.ACTIVE, sa_type=Text)
    zone: str = Field(default="", max_length=64, sa_column_kwargs={"server_default": text("''")})
    """The time zone that their browser said last; empty: none yet."""
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    export_offered_at: datetime | None = Field(default=None, sa_type=Moment)
    """When an admin has asked that this person gets a copy of all that is theirs."""


class LinkKind(StrEnum):
    """What a one-time link is for."""

    INVITE = "invite"
    """Making an account, whatever the mode of sign-up."""
    RESET = "reset"
    """Choosing a new password."""


class OneTimeLink(Table, table=True):
    """A link that works once and not for long. Its token is only with whom it was given to."""

    __table_args__ = (
        UniqueConstraint("token_hash"),
        Index("ix_one_time_links_kind", "kind", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: LinkKind = Field(sa_type=Text)
    token_hash: str = Field(max_length=64, repr=False)
    user_id: UUID | None = Field(default=None, foreign_key="users.id", ondelete="CASCADE")
    """Whose password; of an invitation nobody's."""
    email: str = Field(default="", max_length=254)
    """For whom an invitation is; empty: for anybody who has the link."""
    group_id: UUID | None = Field(default=None, foreign_key="groups.id", ondelete="CASCADE")
    """The group that who was invited is put into."""
    made_at: datetime = Field(default_factory=now, sa_type=Moment)
    made_by: UUID | None = None
    """The admin; None: the command line."""
    expires_at: datetime = Field(sa_type=Moment)
    used_at: datetime | None = Field(default=None, sa_type=Moment)
    """When an invitation was accepted; it works no more."""
    used_by: UUID | None = None
    withdrawn_at: datetime | None = Field(default=None, sa_type=Moment)
    withdrawn_by: UUID | None = None


class Group(Table, table=True):
    """People who belong together; what a group may have is said elsewhere."""

    __table_args__ = (UniqueConstraint("name"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(max_length=100)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class Membership(Table, table=True):
    """A person in a group."""

    user_id: UUID = Field(primary_key=True, foreign_key="users.id", ondelete="CASCADE")
    group_id: UUID = Field(
        primary_key=True, foreign_key="groups.id", ondelete="CASCADE", index=True
    )


class KeyUse(StrEnum):
    """When a person's own key is used."""

    FIRST = "first"
    """Before the shared models."""
    DRY = "dry"
    """When all of those are at their limits."""
    NEVER = "never"
    """Only when the person asks for it, in the waiting line."""


class OwnKey(Table, table=True):
    """A person's own key at a provider. It is never shown again."""

    __table_args__ = (UniqueConstraint("user_id", "provider", name="uq_own_keys_provider"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE")
    provider: str = Field(max_length=64)
    """As the pool names it; see :mod:`chatapp.pool.own`."""
    sealed: str = Field(sa_type=Text, repr=False)
    """See :mod:`chatapp.accounts.sealing`."""
    ending: str = Field(max_length=4)
    """Its last characters, by which its owner knows it."""
    use: KeyUse = Field(default=KeyUse.DRY, sa_type=Text)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    refused_at: datetime | None = Field(default=None, sa_type=Moment)
    """When the provider did not take it any more; it is not used from then on."""


class LoginSession(Table, table=True):
    """A browser that is signed in. The token itself is only in its cookie."""

    __table_args__ = (UniqueConstraint("token_hash"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    token_hash: str = Field(max_length=64, repr=False)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    last_seen_at: datetime = Field(default_factory=now, sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment, index=True)
    user_agent: str = Field(default="", max_length=200)
    address: str = Field(default="", max_length=45)
