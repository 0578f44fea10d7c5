"""The handler of the status page: for everybody, and it reads nobody's anything."""

import asyncio
import logging
from typing import Any

import reflex as rx
from redis.exceptions import RedisError

from chatapp.accounts.guard import public
from chatapp.status.service import status
from chatapp.ui.backlog import has_room, is_open
from chatapp.ui.store import push
from chatapp.ui.watching import until_left

logger = logging.getLogger(__name__)

BEAT = 10.0
"""Seconds between two looks."""


class StatusState(rx.State):
    """What the status page does."""

    @public
    @rx.event(background=True)
    async def watch(self) -> None:
        """Show how it goes until the page is left."""
        await until_left(_show)


async def _show() -> None:
    shown: dict[str, Any] = {}
    while is_open():
        try:
            found: dict[str, Any] = {"status": await status(), "status:away": False}
        except (RedisError, OSError) as error:
            logger.warning("The status is not known: %s", type(error).__name__)
            found = {"status:away": True}
        if found != shown:
            await push(found)
            shown = found
            await has_room()
        await asyncio.sleep(BEAT)
