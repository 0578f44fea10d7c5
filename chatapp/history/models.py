"""The table of what was counted."""

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from chatapp.database import Table


class HistoryCount(Table, table=True):
    """One number of one minute or hour, to which each process adds what it has counted.

    Of few rows it makes all that is shown over time, so that nobody counts answers for that.
    """

    __table_args__ = (Index("ix_history_counts_at", "width", "at"),)

    width: int = Field(primary_key=True)
    """Seconds: 60 or 3600."""
    name: str = Field(primary_key=True, sa_type=Text)
    at: int = Field(primary_key=True, sa_type=BigInteger)
    """Which minute or hour: seconds since 1970, divided by ``width``."""
    value: int = Field(default=0, sa_type=BigInteger)
