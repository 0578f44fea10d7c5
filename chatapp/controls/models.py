"""The table of controls."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field

from chatapp.database import Moment, Table, now


class ControlValue(Table, table=True):
    """A control that somebody has set; those that nobody touched have no row."""

    name: str = Field(max_length=100, primary_key=True)
    value: Any = Field(sa_type=JSON, nullable=False)
    changed_at: datetime = Field(default_factory=now, sa_type=Moment)
    changed_by: UUID | None = None
