"""The tables of announcements."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Text
from sqlmodel import Field

from chatapp.database import Moment, Table, new_id, now


class Level(StrEnum):
    """How much an announcement matters; the later, the more."""

    INFO = "info"
    WARNING = "warning"
    PROBLEM = "problem"


class Announcement(Table, table=True):
    """A sentence for everybody."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    words: str = Field(sa_type=Text)
    level: Level = Field(default=Level.INFO, sa_type=Text)
    starts_at: datetime = Field(default_factory=now, sa_type=Moment)
    ends_at: datetime | None = Field(default=None, sa_type=Moment)
    """None: until an admin ends it."""
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    created_by: UUID | None = None


class DismissedAnnouncement(Table, table=True):
    """A person has read an announcement and does not want to see it any more."""

    user_id: UUID = Field(primary_key=True, foreign_key="users.id", ondelete="CASCADE")
    announcement_id: UUID = Field(
        primary_key=True, foreign_key="announcements.id", ondelete="CASCADE", index=True
    )
