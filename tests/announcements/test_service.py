"""Announcing: to all processes, in time, and to each person until it is dismissed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from chatapp.announcements import service
from chatapp.announcements.models import Level
from chatapp.announcements.service import LONGEST, Mistake, announce, shown, shown_to
from chatapp.audit.models import AuditNote
from chatapp.database import new_id, now, reading
from chatapp.settings import Settings
from tests.chats.people import person

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
async def following(installation: Settings) -> AsyncIterator[None]:
    async with service.following():
        yield


async def words_for(user_id: UUID) -> list[str]:
    return [each["words"] for each in await shown_to(user_id)]


async def test_what_matters_most_comes_first_and_is_gone_for_who_dismisses_it() -> None:
    ada, eve = await person("ada"), await person("eve")
    assert await shown_to(ada) == []
    await announce("News", Level.INFO, None)
    problem = await announce("<b>It burns</b>", Level.PROBLEM, ada)
    await announce("Note", Level.WARNING, None, starts_at=now() - HOUR)
    assert await words_for(ada) == ["<b>It burns</b>", "Note", "News"]
    for _ in range(2):
        await service.dismiss(ada, problem.id)
    await service.dismiss(ada, new_id())
    assert await words_for(ada) == ["Note", "News"]
    assert await words_for(eve) == ["<b>It burns</b>", "Note", "News"]
    assert await service.end(problem.id, eve)
    assert not await service.end(problem.id, eve)
    assert await words_for(eve) == ["Note", "News"]
    assert await service.delete(problem.id, eve)
    async with reading() as session:
        notes = await session.exec(
            select(AuditNote.action, AuditNote.by).where(
                AuditNote.subject == f"announcement:{problem.id}"
            )
        )
    assert sorted(notes) == [
        ("announcement.deleted", eve),
        ("announcement.ended", eve),
        ("announcement.made", ada),
    ]


async def test_it_is_shown_from_its_beginning_to_its_end_by_the_clock() -> None:
    woken = asyncio.Event()
    soon = now() + timedelta(seconds=0.2)
    async with service.woken(woken.set):
        await announce("Soon", Level.INFO, None, soon, soon + timedelta(seconds=0.2))
        assert shown() == ()
        async with asyncio.timeout(20):
            await woken.wait()
            assert [each.words for each in shown()] == ["Soon"]
            woken.clear()
            await woken.wait()
        assert shown() == ()


async def test_other_processes_know_it() -> None:
    woken = asyncio.Event()
    async with service.woken(woken.set):
        await announce("Heard", Level.INFO, None)
        # As another process, which has not said it itself.
        service._known().coming, service._known().shown = (), ()
        woken.clear()
        await service.tell(service.CHANNEL, "changed")
        async with asyncio.timeout(20):
            await woken.wait()
    assert [each.words for each in shown()] == ["Heard"]


@pytest.mark.parametrize(
    ("words", "hours", "why"),
    [
        (" \n ", (0, 1), "Write what"),
        ("x" * (LONGEST + 1), (0, 1), "too long"),
        ("x", (1, 0), "must come after"),
        ("x", (-2, -1), "must come after"),
    ],
)
async def test_a_mistake_is_told_in_words(words: str, hours: tuple[int, int], why: str) -> None:
    starts, ends = (now() + each * HOUR for each in hours)
    with pytest.raises(Mistake, match=why):
        await announce(words, Level.INFO, None, starts, ends)
    assert shown() == ()
