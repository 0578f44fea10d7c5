"""The list of chats by date, as the browser's store holds it."""

from datetime import date, timedelta
from typing import TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chatapp.chats import service
from chatapp.database import now


class ChatLine(TypedDict):
    """One chat of the list."""

    id: str
    title: str
    unseen: bool


class Group(TypedDict):
    """The chats of one stretch of time."""

    label: str
    chats: list[ChatLine]


async def sidebar(user_id: UUID, zone: str) -> list[Group]:
    """The chats used last, newest first, in groups by the day in a time zone."""
    chats, _more = await service.latest_chats(user_id)
    place = _zone(zone)
    today = now().astimezone(place).date()
    groups: list[Group] = []
    for chat in chats:
        label = _label(chat.updated_at.astimezone(place).date(), today)
        if not groups or groups[-1]["label"] != label:
            groups.append({"label": label, "chats": []})
        groups[-1]["chats"].append({"id": str(chat.id), "title": chat.title, "unseen": chat.unseen})
    return groups


def _label(day: date, today: date) -> str:
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if day > today - timedelta(days=7):
        return "Last 7 days"
    if day > today - timedelta(days=30):
        return "Last 30 days"
    return f"{day:%B} {day.year}" if day.year == today.year else str(day.year)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
