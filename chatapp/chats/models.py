"""The tables of chats: a chat is a tree of messages with one chosen leaf."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, Text, UniqueConstraint, false
from sqlmodel import Field

from chatapp.database import Moment, Table, new_id, now

JUST_AFTER = timedelta(microseconds=1)
"""How much later than a new question the place of its answer is made."""


class Role(StrEnum):
    """Who wrote a message."""

    QUESTION = "question"
    ANSWER = "answer"


class Status(StrEnum):
    """How far a message is. A question is always done."""

    QUEUED = "queued"
    STREAMING = "streaming"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def running(self) -> bool:
        """Whether words may still come."""
        return self in (Status.QUEUED, Status.STREAMING)


class Chat(Table, table=True):
    """A conversation of one person."""

    __table_args__ = (Index("ix_chats_sidebar", "user_id", "deleted_at", "updated_at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE")
    title: str = Field(max_length=200)
    leaf_id: UUID | None = None
    """The message at the end of the branch that is shown."""
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    updated_at: datetime = Field(default_factory=now, sa_type=Moment)
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)
    unseen: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whether an answer has ended that nobody was shown yet."""
    agent_id: UUID | None = None
    """The agent that answers in it, if one was chosen; it may be gone or switched off."""


class Message(Table, table=True):
    """A question or an answer. ``text`` of a running answer is empty: its words are in its log."""

    __table_args__ = (
        UniqueConstraint("user_id", "client_id", name="uq_messages_client_id"),
        Index("ix_messages_chat_id", "chat_id"),
        Index("ix_messages_parent_id", "parent_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    chat_id: UUID = Field(foreign_key="chats.id", ondelete="CASCADE")
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE")
    parent_id: UUID | None = Field(default=None, foreign_key="messages.id", ondelete="CASCADE")
    role: Role = Field(sa_type=Text)
    status: Status = Field(default=Status.DONE, sa_type=Text)
    text: str = Field(default="", sa_type=Text)
    client_id: UUID | None = None
    """Made by the browser with a question, so that a question sent twice is one question; of an
    answer: with the wish for another one."""
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
