"""Announcing, and knowing in each process what is announced just now."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TypedDict
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from chatapp import audit
from chatapp.announcements import repository
from chatapp.announcements.models import Announcement, Level
from chatapp.broadcast import listening, tell
from chatapp.chats.text import storable
from chatapp.database import now, reading, transaction

CHANNEL = "chatapp:announcements"

LONGEST = 500
"""Characters of one announcement."""

AT_ONCE = 20
"""The most that are known beforehand."""

LOOK = 3600.0
"""The clock is looked at at least so often, in seconds."""

_WEIGHT = {level: weight for weight, level in enumerate(Level)}


class Mistake(ValueError):
    """What cannot be announced. ``str()`` of it says why, for the admin."""


class AnnouncementView(TypedDict):
    """One announcement, as the browser's store holds it."""

    id: str
    words: str
    level: str
    since: str


@dataclass(slots=True)
class _Known:
    coming: Sequence[Announcement] = ()
    shown: tuple[Announcement, ...] = ()
    timer: asyncio.TimerHandle | None = None
    listeners: set[Callable[[], None]] = field(default_factory=set)


@cache
def _known() -> _Known:
    return _Known()


def shown() -> tuple[Announcement, ...]:
    """What is announced just now, what matters most first; the same object until it changes."""
    return _known().shown


async def shown_to(user_id: UUID) -> list[AnnouncementView]:
    """What is announced just now and a person has not dismissed; mostly nothing, at no cost."""
    found = shown()
    if not found:
        return []
    async with reading() as session:
        gone = await repository.dismissed(session, user_id, [each.id for each in found])
    return [view(each) for each in found if each.id not in gone]


def view(announcement: Announcement) -> AnnouncementView:
    """An announcement for the browser."""
    return {
        "id": str(announcement.id),
        "words": announcement.words,
        "level": str(announcement.level),
        "since": announcement.starts_at.isoformat(timespec="seconds"),
    }


async def announce(
    words: str,
    level: Level,
    by: UUID | None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Announcement:
    """Tell everybody something, at once or from a moment on.

    Raises:
        Mistake: there are no words or too many, or the time is none.
    """
    text = storable(words).strip()
    if not text:
        raise Mistake("Write what is to be announced.")
    if len(text) > LONGEST:
        raise Mistake(f"It is too long: {len(text):,} characters, {LONGEST} are possible.")
    begins = starts_at or now()
    if ends_at and ends_at <= max(begins, now()):
        raise Mistake("The end must come after the beginning, and after now.")
    made = Announcement(words=text, level=level, starts_at=begins, ends_at=ends_at, created_by=by)
    async with transaction() as session:
        session.add(made)
        after = {"words": text, "level": str(level), "starts": begins, "ends": ends_at}
        await audit.note(
            session, "announcement.made", by=by, subject=_subject(made.id), after=after
        )
    await _changed()
    return made


async def end(announcement_id: UUID, by: UUID | None) -> bool:
    """Show one no more. False: there is none, or it has ended."""
    async with transaction() as session:
        ended = await repository.end(session, announcement_id, now())
        if ended:
            await audit.note(
                session, "announcement.ended", by=by, subject=_subject(announcement_id)
            )
    await _changed()
    return ended


async def delete(announcement_id: UUID, by: UUID | None) -> bool:
    """Forget one. False: there is none."""
    async with transaction() as session:
        gone = await repository.one(session, announcement_id)
        if gone:
            await repository.delete_one(session, announcement_id)
            await audit.note(
                session,
                "announcement.deleted",
                by=by,
                subject=_subject(announcement_id),
                before={"words": gone.words, "level": str(gone.level)},
            )
    await _changed()
    return gone is not None


def _subject(announcement_id: UUID) -> str:
    return f"announcement:{announcement_id}"


async def latest(limit: int) -> Sequence[Announcement]:
    """The last ones, the newest first."""
    async with reading() as session:
        return await repository.latest(session, limit)


async def dismiss(user_id: UUID, announcement_id: UUID) -> None:
    """A person has read one and does not want to see it any more."""
    try:
        async with transaction() as session:
            if await repository.one(session, announcement_id):
                await repository.dismiss(session, user_id, announcement_id)
    except IntegrityError:
        return  # deleted or dismissed in the same moment


@asynccontextmanager
async def following() -> AsyncIterator[None]:
    """Know what is announced for as long as this is open."""
    try:
        async with listening(CHANNEL, _heard, load):
            yield
    finally:
        if timer := _known().timer:
            timer.cancel()


@asynccontextmanager
async def woken(listener: Callable[[], None]) -> AsyncIterator[None]:
    """Have something called whenever what is shown changes."""
    _known().listeners.add(listener)
    try:
        yield
    finally:
        _known().listeners.discard(listener)


async def load() -> None:
    """Take over what the database has."""
    async with reading() as session:
        _known().coming = await repository.coming(session, now(), AT_ONCE)
    _look()


def _look() -> None:
    """Find what is shown now, and look again when that changes by the clock."""
    known, moment = _known(), now()
    found = [
        each
        for each in known.coming
        if each.starts_at <= moment and (each.ends_at is None or each.ends_at > moment)
    ]
    # The newest first, of those that matter equally.
    found.sort(key=lambda each: _WEIGHT[Level(each.level)], reverse=True)
    if [(each.id, each.words) for each in found] != [(each.id, each.words) for each in known.shown]:
        known.shown = tuple(found)
        for listener in tuple(known.listeners):
            listener()
    later = [
        (at - moment).total_seconds()
        for each in known.coming
        for at in (each.starts_at, each.ends_at)
        if at and at > moment
    ]
    if known.timer:
        known.timer.cancel()
    loop = asyncio.get_running_loop()
    known.timer = loop.call_later(min([*later, LOOK]) + 0.01, _look)


async def _heard(_message: bytes) -> None:
    await load()


async def _changed() -> None:
    await load()
    await tell(CHANNEL, "changed")
