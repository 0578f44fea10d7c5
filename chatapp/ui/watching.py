"""What a page shows for as long as its tab is there."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from functools import partial

from reflex_base.event.context import EventContext


async def until_left(show: Callable[[], Awaitable[None]]) -> None:
    """Show what changes, in a background event, until that ends or the tab leaves."""
    if EventContext.get().parent_txid is None:
        # Sent by a client itself, so Reflex would not end it with the tab.
        return
    try:
        await show()
    except asyncio.CancelledError as left:
        if task := asyncio.current_task():
            task.add_done_callback(partial(_let_go, left))
        raise


def _let_go(left: asyncio.CancelledError, _ended: "asyncio.Task[object]") -> None:
    """Free what the tab held.

    A frame of Reflex's keeps the error that ends it, which keeps the frame: all that hangs on that
    circle would stay until Python looks for garbage everywhere (:mod:`chatapp.accounts.garbage`).
    """
    traceback.clear_frames(left.__traceback__)
