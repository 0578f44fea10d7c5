"""The tables of agents, and of what answers may know about a person."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, Index, LargeBinary, Text
from sqlmodel import Field

from chatapp.database import Moment, Table, new_id, now


class Agent(Table, table=True):
    """An agent that somebody has made. Those that come with the product are no rows."""

    __table_args__ = (
        Index("ix_agents_owner_id", "owner_id"),
        Index("ix_agents_group_id", "group_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    owner_id: UUID | None = Field(default=None, foreign_key="users.id", ondelete="CASCADE")
    """Whose it is alone; none: the organisation's."""
    group_id: UUID | None = Field(default=None, foreign_key="groups.id", ondelete="CASCADE")
    """Of an organisation's agent: for whom it is; none: for everyone."""
    name: str = Field(max_length=40)
    emoji: str = Field(default="", max_length=16)
    picture: UUID | None = None
    """The id of its picture, which is shown in place of the emoji."""
    description: str = Field(default="", max_length=200)
    instructions: str = Field(default="", sa_type=Text)
    tier: str | None = None
    tools: list[str] = Field(default_factory=list, sa_type=JSON)
    """The names of its tools in the catalogue."""
    temperature: float | None = None
    suggestions: list[str] = Field(default_factory=list, sa_type=JSON)
    active: bool = True
    """Whether it answers; one that is switched off stays in its chats, marked as such."""
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    updated_at: datetime = Field(default_factory=now, sa_type=Moment)
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)
    """When it was deleted; for a while it can be brought back."""


class AgentPicture(Table, table=True):
    """A picture of an agent. It is never changed: another one has another id."""

    __tablename__ = "agent_pictures"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        Index("ix_agent_pictures_agent_id", "agent_id"),
        Index("ix_agent_pictures_owner_id", "owner_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    agent_id: UUID | None = Field(default=None, foreign_key="agents.id", ondelete="CASCADE")
    owner_id: UUID | None = Field(default=None, foreign_key="users.id", ondelete="CASCADE")
    """Who has uploaded it, until an agent has it."""
    data: bytes = Field(sa_type=LargeBinary, repr=False)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class Persona(Table, table=True):
    """What a person has written for all answers; who has written nothing has no row."""

    user_id: UUID = Field(primary_key=True, foreign_key="users.id", ondelete="CASCADE")
    about: str = Field(default="", sa_type=Text)
    """What answers should know about the person."""
    style: str = Field(default="", sa_type=Text)
    """How answers should sound."""
    remembers: bool = False
    """Whether the memory is used and may grow."""


class Author(StrEnum):
    """Who has written an entry of the memory."""

    PERSON = "person"
    MODEL = "model"


class Memory(Table, table=True):
    """One thing that is remembered of a person. The person reads, changes and deletes it."""

    __tablename__ = "memories"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (Index("ix_memories_user_id", "user_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE")
    text: str = Field(max_length=200)
    author: Author = Field(default=Author.PERSON, sa_type=Text)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
