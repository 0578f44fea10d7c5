"""What is kept of the making of an answer; its text is a message of the chat."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, SmallInteger, Text, false, text
from sqlmodel import Field

from chatapp.agents.steps import Kind, State
from chatapp.database import Moment, Table, now


class Source(StrEnum):
    """Where an answer's words come from."""

    MODEL = ""
    """From the pool, for this answer alone."""
    CACHE = "cache"
    """From an answer that was kept."""
    OLD = "old"
    """From an answer that was kept and is no longer fresh: no model could be reached."""
    JOINED = "joined"
    """From an answer to the same question that was coming already."""


class Answer(Table, table=True):
    """The run behind one message of the role answer."""

    __table_args__ = (
        Index("ix_answers_ended_at", "ended_at"),
        Index(
            "ix_answers_rated_at",
            "rated_at",
            postgresql_where=text("rated_at IS NOT NULL"),
            sqlite_where=text("rated_at IS NOT NULL"),
        ),
        Index(
            "ix_answers_said",
            "rated_at",
            postgresql_where=text("thumb_words <> ''"),
            sqlite_where=text("thumb_words <> ''"),
        ),
    )

    id: UUID = Field(primary_key=True, foreign_key="messages.id", ondelete="CASCADE")
    """The id of the message."""
    chat_id: UUID = Field(foreign_key="chats.id", ondelete="CASCADE", index=True)
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    runner: str = Field(default="", sa_type=Text)
    """The process that runs it."""
    epoch: int = 1
    """Counts who ran it: a writer of an older epoch is ignored."""
    handed_over: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    """How many of them have let go of it, alive."""
    stopping: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whether its person wants it stopped: who makes it may not have heard of that."""
    tier: str | None = None
    agent_id: UUID | None = None
    """The agent that was asked."""
    agent: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """What it was called then."""
    answered_by: str = Field(default="", sa_type=Text)
    """The member that answered, as people read it."""
    attempts: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    problem: str = Field(default="", sa_type=Text)
    """Why it failed, as people read it; never a provider's own words."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    source: Source = Field(
        default=Source.MODEL, sa_type=Text, sa_column_kwargs={"server_default": text("''")}
    )
    cached_at: datetime | None = Field(default=None, sa_type=Moment)
    """When the answer was made that was given again."""
    saved_prompt_tokens: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    """What it would have cost to ask a model."""
    saved_completion_tokens: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    cache_key: str = Field(
        default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")}
    )
    """Where it is kept, so that it is forgotten with its chat."""
    anew: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whether a new answer was wanted, whatever is kept."""
    picture: UUID | None = None
    """The picture that the agent had."""
    context_from: UUID | None = None
    """The message with which the model's history began, when earlier ones were left out."""
    thoughts: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """Its steps in one line; empty: none of them is worth it."""
    first_token_ms: int | None = None
    duration_ms: int | None = None
    queued_at: datetime = Field(default_factory=now, sa_type=Moment)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    thumb: int = Field(
        default=0, sa_type=SmallInteger, sa_column_kwargs={"server_default": text("0")}
    )
    """What its reader thinks of it: 1 good, -1 bad, 0 nothing said."""
    thumb_words: str = Field(
        default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")}
    )
    """Why, in the reader's words, if any."""
    rated_at: datetime | None = Field(default=None, sa_type=Moment)


class ThumbHour(Table, table=True):
    """How many thumbs of one hour stand, by who answered, so that nobody counts answers for that.

    It outlives the answers and names nobody.
    """

    at: int = Field(primary_key=True, sa_type=BigInteger)
    """Which hour: seconds since 1970, divided by 3600."""
    label: str = Field(primary_key=True, sa_type=Text)
    up: int = 0
    down: int = 0


class AnswerStep(Table, table=True):
    """One step of an answer's turn, see :class:`chatapp.agents.steps.Step`."""

    answer_id: UUID = Field(primary_key=True, foreign_key="answers.id", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    kind: Kind = Field(sa_type=Text)
    state: State = Field(sa_type=Text)
    title: str = Field(default="", sa_type=Text)
    input: str = Field(default="", sa_type=Text)
    output: str = Field(default="", sa_type=Text)
    ms: int | None = None
    call: str = Field(default="", sa_type=Text)
    said: dict[str, Any] | None = Field(default=None, sa_type=JSON)
