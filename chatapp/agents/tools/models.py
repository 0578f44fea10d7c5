"""The tables of tools: what admins have chosen, and the MCP servers that they have named."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Text, UniqueConstraint
from sqlmodel import Field

from chatapp.database import Moment, Table, new_id, now


class ToolChoice(Table, table=True):
    """What an admin has said of one tool, in place of what holds by itself."""

    name: str = Field(max_length=64, primary_key=True)
    on: bool | None = None
    """Whether anybody may use it."""
    acts: bool | None = None
    """Whether a person is asked before each use."""


class McpServer(Table, table=True):
    """A server of tools that speaks the Model Context Protocol over HTTP."""

    __tablename__ = "mcp_servers"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (UniqueConstraint("name"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(max_length=20)
    """The beginning of the names of its tools: small letters, digits and ``_``."""
    url: str = Field(sa_type=Text)
    sealed: str | None = Field(default=None, sa_type=Text, repr=False)
    """The headers that are sent to it, sealed for its id: see :mod:`chatapp.accounts.sealing`."""
    timeout: int = 30
    """How long, in seconds, one use of a tool may take."""
    on: bool = True
    tools: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    """Its tools, as it told them when an admin tested it last."""
    problem: str = Field(default="", sa_type=Text)
    """Why the last test failed, in plain words."""
    tested_at: datetime | None = Field(default=None, sa_type=Moment)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
