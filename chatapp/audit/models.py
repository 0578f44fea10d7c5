"""The table of the audit. The database itself refuses to change or delete a row of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, Text
from sqlmodel import Field

from chatapp.database import Moment, Table, new_id, now


class AuditNote(Table, table=True):
    """Something that was done. It names people by their ids only, and has no foreign key."""

    __table_args__ = (
        Index("ix_audit_notes_at", "at", "id"),
        Index("ix_audit_notes_action", "action", "at"),
        Index("ix_audit_notes_by", "by", "at"),
        Index("ix_audit_notes_subject", "subject", "at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    at: datetime = Field(default_factory=now, sa_type=Moment)
    action: str = Field(sa_type=Text)
    """In parts, as ``limits.changed``."""
    by: UUID | None = None
    """Who did it; None: the command line, or somebody who is not signed in."""
    subject: str = Field(default="", sa_type=Text)
    """To whom or what: a kind and a name, as ``person:…``."""
    before: Any = Field(default=None, sa_type=JSON, nullable=True)
    """What of it was changed, without secrets."""
    after: Any = Field(default=None, sa_type=JSON, nullable=True)
    address: str = Field(default="", sa_type=Text)
    """From where; empty: the command line."""
