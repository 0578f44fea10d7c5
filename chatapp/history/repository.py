"""All SQL of the history. It knows nobody."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.history.models import HistoryCount

_ADD = text("""
    INSERT INTO history_counts (width, name, at, value) VALUES (:width, :name, :at, :value)
    ON CONFLICT (width, name, at) DO UPDATE SET value = history_counts.value + excluded.value
""")


async def add(session: AsyncSession, width: int, at: int, counts: Mapping[str, int]) -> None:
    """Add to the numbers of one minute or hour; always in the same order, so that none waits."""
    rows = [
        {"width": width, "name": name, "at": at, "value": value}
        for name, value in sorted(counts.items())
    ]
    connection = await session.connection()
    await connection.execute(_ADD, rows)


async def points(
    session: AsyncSession, width: int, per: int, first: int, last: int, names: Sequence[str]
) -> dict[str, dict[int, int]]:
    """The sums of some numbers, by groups of so many minutes or hours."""
    group = col(HistoryCount.at) // per
    found = await session.exec(
        select(HistoryCount.name, group, func.sum(HistoryCount.value))
        .where(
            HistoryCount.width == width,
            col(HistoryCount.name).in_(names),
            col(HistoryCount.at) >= first,
            col(HistoryCount.at) < last,
        )
        .group_by(col(HistoryCount.name), group)
    )
    sums: dict[str, dict[int, int]] = {}
    for name, at, value in found:
        sums.setdefault(name, {})[int(at)] = int(value)
    return sums


async def sums(
    session: AsyncSession, width: int, first: int, last: int, names: Sequence[str]
) -> dict[str, int]:
    """The sums of some numbers over a time."""
    found = await session.exec(
        select(HistoryCount.name, func.sum(HistoryCount.value))
        .where(
            HistoryCount.width == width,
            col(HistoryCount.name).in_(names),
            col(HistoryCount.at) >= first,
            col(HistoryCount.at) < last,
        )
        .group_by(HistoryCount.name)
    )
    return {name: int(value) for name, value in found}


async def sums_of(
    session: AsyncSession, width: int, first: int, last: int, prefix: str
) -> dict[str, int]:
    """The sums of all numbers whose names begin so, over a time."""
    found = await session.exec(
        select(HistoryCount.name, func.sum(HistoryCount.value))
        .where(
            HistoryCount.width == width,
            col(HistoryCount.name) >= prefix,
            col(HistoryCount.name) < prefix[:-1] + chr(ord(prefix[-1]) + 1),
            col(HistoryCount.at) >= first,
            col(HistoryCount.at) < last,
        )
        .group_by(HistoryCount.name)
    )
    return {name: int(value) for name, value in found}


async def purge(session: AsyncSession, width: int, before: int) -> int:
    """Forget what is older; how much that was."""
    gone = await session.exec(
        delete(HistoryCount).where(col(HistoryCount.width) == width, col(HistoryCount.at) < before)
    )
    return gone.rowcount
