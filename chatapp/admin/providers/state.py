"""The handlers of the page about providers. What is shown is in the browser's store."""

import asyncio
import logging
from typing import Any

import reflex as rx
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from chatapp import audit
from chatapp.accounts.guard import admin_only, current_user, is_still_admin
from chatapp.admin.providers import repository, views
from chatapp.database import reading
from chatapp.pool import service as pool
from chatapp.ui.backlog import has_room
from chatapp.ui.store import push
from chatapp.ui.watching import until_left

logger = logging.getLogger(__name__)

BEAT = 2.0
"""Seconds between two looks."""

ATTEMPTS = 40
"""How many of the last attempts are shown."""

_testing: set[str] = set()
"""The members that this process is testing now."""


class ProviderState(rx.State):
    """What admins see of providers and do with them."""

    @admin_only
    @rx.event(background=True)
    async def watch(self) -> None:
        """Show how the providers are, until the page is left or its reader is no admin any more."""
        await until_left(_watch)

    @admin_only
    @rx.event(background=True)
    async def test(self, name: str) -> None:
        """Ask a member for one word, whatever its state is."""
        if name in _testing:
            return
        place = f"admin:tested:{name}"
        _testing.add(name)
        try:
            await push({place: views.TestView(busy=True, words="", failed=False)})
            checked = await pool.test(name)
            if checked:
                who = current_user().id
                await audit.record("provider.tested", by=who, subject=f"member:{name}")
            await push({place: views.test_view(checked) if checked else None})
        finally:
            _testing.discard(name)


async def _watch() -> None:
    shown: dict[str, Any] = {}
    while await is_still_admin():
        try:
            found = await _look()
        except (SQLAlchemyError, RedisError, OSError) as error:
            logger.warning("The providers cannot be shown: %s", type(error).__name__)
        else:
            await push({k: v for k, v in found.items() if shown.get(k) != v})
            shown = found
            await has_room()
        await asyncio.sleep(BEAT)


async def _look() -> dict[str, Any]:
    async with reading() as session:
        attempts = await repository.recent_attempts(session, ATTEMPTS)
    return {
        "admin:members": views.member_views(await pool.status()),
        "admin:attempts": views.attempt_views(attempts, ATTEMPTS),
        "admin:alone": pool.alone(),
    }
