"""The handlers of the page about announcements. What is shown is in the browser's store."""

from datetime import UTC, datetime
from typing import Any, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

import reflex as rx

from chatapp.accounts.guard import admin_only, current_user
from chatapp.announcements import service
from chatapp.announcements.models import Announcement, Level
from chatapp.announcements.service import Mistake
from chatapp.database import now
from chatapp.limits.state import zone_here
from chatapp.ui.store import push

SHOWN = 100
"""How many of the last ones the page shows."""


class AnnouncedView(TypedDict):
    """One announcement, as admins see it. Moments are in ISO form, empty when there is none."""

    id: str
    words: str
    level: str
    state: str
    starts: str
    ends: str


class AnnouncingState(rx.State):
    """What admins do with announcements."""

    @admin_only
    @rx.event
    async def load(self) -> None:
        """Show the last ones."""
        await _show()

    @admin_only
    @rx.event
    async def announce(self, form: dict[str, Any]) -> None:
        """Tell everybody something."""
        try:
            level = Level(str(form.get("level", Level.INFO)))
            starts, ends = _moment(form.get("starts")), _moment(form.get("ends"))
            words = str(form.get("words", ""))
            await service.announce(words, level, current_user().id, starts, ends)
        except Mistake as mistake:
            await _show(mistake=str(mistake))
        except ValueError:
            await _show(mistake="This is not a moment that there is.")
        else:
            await _show("It is announced.")

    @admin_only
    @rx.event
    async def end(self, announcement_id: UUID) -> None:
        """Show one no more."""
        ended = await service.end(announcement_id, current_user().id)
        await _show("It is shown no more." if ended else "It had ended already.")

    @admin_only
    @rx.event
    async def delete(self, announcement_id: UUID) -> None:
        """Forget one."""
        await service.delete(announcement_id, current_user().id)
        await _show("It is deleted.")


async def _show(said: str = "", mistake: str = "") -> None:
    found = await service.latest(SHOWN)
    await push(
        {
            "admin:announcements": [_view(each) for each in found],
            "admin:announcements:said": said,
            "admin:announcements:mistake": mistake,
        }
    )


def _view(announcement: Announcement) -> AnnouncedView:
    moment, ends = now(), announcement.ends_at
    state = "over" if ends and ends <= moment else "shown"
    if state == "shown" and announcement.starts_at > moment:
        state = "coming"
    return {
        "id": str(announcement.id),
        "words": announcement.words,
        "level": str(announcement.level),
        "state": state,
        "starts": announcement.starts_at.isoformat(timespec="seconds"),
        "ends": ends.isoformat(timespec="seconds") if ends else "",
    }


def _moment(typed: object) -> datetime | None:
    """A moment by the clock of who typed it.

    Raises:
        ValueError: it is none.
    """
    text = str(typed or "")
    if not text:
        return None
    try:
        zone = ZoneInfo(zone_here())
    except (ValueError, KeyError, OSError):
        zone = ZoneInfo("UTC")
    return datetime.fromisoformat(text[:16]).replace(tzinfo=zone).astimezone(UTC)
