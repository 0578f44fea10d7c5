"""Housekeeping: what had its time is gone, what has not stays."""

import asyncio
from datetime import timedelta

from sqlmodel import select

from chatapp.accounts.models import LoginSession, User
from chatapp.chats.models import Chat
from chatapp.chats.service import KEPT_DELETED
from chatapp.database import new_id, now, reading, transaction
from chatapp.housekeeping import JOBS, housekeeping
from chatapp.settings import Settings


async def _fill() -> None:
    user = User(id=new_id(), email="a@example.org", password_hash="x")
    long_ago = now() - KEPT_DELETED - timedelta(minutes=1)
    async with transaction() as session:
        session.add(user)
        await session.flush()
        session.add(Chat(user_id=user.id, title="kept"))
        session.add(Chat(user_id=user.id, title="just deleted", deleted_at=now()))
        session.add(Chat(user_id=user.id, title="long deleted", deleted_at=long_ago))
        for name, end in (("over", now() - timedelta(seconds=1)), ("good", now() + KEPT_DELETED)):
            session.add(LoginSession(user_id=user.id, token_hash=name, expires_at=end))


async def _left() -> tuple[set[str], set[str]]:
    async with reading() as session:
        chats = await session.exec(select(Chat.title))
        sessions = await session.exec(select(LoginSession.token_hash))
        return set(chats.all()), set(sessions.all())


async def test_what_was_deleted_long_ago_and_sessions_that_are_over_are_removed(
    installation: Settings,
) -> None:
    await _fill()
    for job in JOBS:
        await job()
    assert await _left() == ({"kept", "just deleted"}, {"good"})


async def test_it_begins_with_the_process_and_ends_with_it(installation: Settings) -> None:
    await _fill()
    async with housekeeping():
        async with asyncio.timeout(10):
            while "long deleted" in (await _left())[0]:
                continue
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "housekeeping"]
