"""What of the audit is found: all of it, once, by the days of who asks."""

import csv
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chatapp.admin.audit import endpoints, repository
from chatapp.audit.models import AuditNote
from chatapp.database import reading, transaction
from chatapp.settings import Settings

BERLIN = ZoneInfo("Europe/Berlin")


async def add(*moments: datetime) -> None:
    async with transaction() as session:
        session.add_all(AuditNote(action="test.done", at=at) for at in moments)


async def found(since: str, until: str, zone: ZoneInfo) -> list[datetime]:
    async with reading() as session:
        filters = {"since": since, "until": until}
        query = await repository.notes(session, filters, zone)
        return sorted(note.at for note in await session.exec(query))


async def test_days_are_those_of_who_asks(installation: Settings) -> None:
    # The last Sunday of October has 25 hours in Berlin.
    first, last = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)
    second = timedelta(seconds=1)
    await add(first - second, first, last - second, last)
    day = "2026-10-25"
    assert await found(day, day, BERLIN) == [first, last - second]
    assert await found("", "2026-10-24", BERLIN) == [first - second]
    assert await found("nonsense", "", BERLIN) == await found("", "", BERLIN)


async def test_the_file_has_each_note_once_and_times_in_utc(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "BATCH", 2)
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    # More at one moment than one look brings.
    await add(
        noon + timedelta(hours=11, minutes=30), *[noon] * 5, noon - timedelta(hours=13, seconds=1)
    )
    filters = {"since": "2026-11-01", "until": "2026-11-01", "zone": "Europe/Berlin"}
    lines = [line async for line in endpoints._lines(filters)]
    rows = list(csv.DictReader(lines))
    assert [row["at (UTC)"] for row in rows] == ["2026-11-01T12:00:00+00:00"] * 5
    assert len([line async for line in endpoints._lines({})]) == 1 + 7
