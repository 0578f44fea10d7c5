"""The list of chats by date, as the reader's own clock has it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from chatapp.chats import sidebar as module
from chatapp.chats.models import Chat
from chatapp.chats.sidebar import sidebar
from chatapp.database import transaction

NOON = datetime(2025, 3, 15, 12, tzinfo=UTC)


async def chats(user_id: UUID, **used: datetime) -> None:
    async with transaction() as session:
        for title, moment in used.items():
            session.add(Chat(user_id=user_id, title=title, updated_at=moment))


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch):
    def freeze(moment: datetime) -> None:
        monkeypatch.setattr(module, "now", lambda: moment)

    freeze(NOON)
    return freeze


async def shown(user_id: UUID, zone: str = "UTC") -> list[tuple[str, list[str]]]:
    return [
        (group["label"], [chat["title"] for chat in group["chats"]])
        for group in await sidebar(user_id, zone)
    ]


async def test_chats_are_grouped_by_day(ada: UUID, at) -> None:
    days = {"now": 0, "yesterday": 1, "two": 2, "six": 6, "seven": 7, "twentynine": 29}
    moments = {title: NOON - timedelta(days=count) for title, count in days.items()}
    await chats(
        ada,
        **moments,
        earlier_now=NOON - timedelta(hours=11),
        january=datetime(2025, 1, 31, tzinfo=UTC),
        older=datetime(2024, 12, 31, tzinfo=UTC),
        oldest=datetime(2019, 6, 1, tzinfo=UTC),
        ahead=NOON + timedelta(days=2),
    )
    assert await shown(ada) == [
        ("Today", ["ahead", "now", "earlier_now"]),
        ("Yesterday", ["yesterday"]),
        ("Last 7 days", ["two", "six"]),
        ("Last 30 days", ["seven", "twentynine"]),
        ("January 2025", ["january"]),
        ("2024", ["older"]),
        ("2019", ["oldest"]),
    ]


@pytest.mark.parametrize(
    ("zone", "labels"),
    [
        ("UTC", ["Today", "Yesterday"]),
        ("Pacific/Kiritimati", ["Today"]),
        ("Pacific/Pago_Pago", ["Yesterday"]),
        ("America/New_York", ["Today"]),
    ],
)
async def test_the_day_is_that_of_the_readers_zone(
    ada: UUID, at, zone: str, labels: list[str]
) -> None:
    late = datetime(2025, 3, 14, 23, 30, tzinfo=UTC)
    at(late + timedelta(hours=1))
    await chats(ada, before=late, after=late + timedelta(minutes=40))
    if zone == "Pacific/Pago_Pago":
        at(late + timedelta(hours=12))
        labels = ["Yesterday"]
    assert [label for label, _ in await shown(ada, zone)] == labels


@pytest.mark.parametrize(
    "zone", ["", "Nowhere/Atlantis", "../../etc/passwd", "/etc/passwd", "a\x00"]
)
async def test_an_unknown_zone_is_utc(ada: UUID, at, zone: str) -> None:
    await chats(ada, now=NOON, yesterday=NOON - timedelta(hours=12, seconds=1))
    assert await shown(ada, zone) == [("Today", ["now"]), ("Yesterday", ["yesterday"])]


async def test_nobodys_list_is_empty(ada: UUID) -> None:
    assert await sidebar(ada, "UTC") == []
