"""The handlers of the page about the cache. What is shown is in the browser's store."""

import logging
from typing import Any

import reflex as rx
from redis.exceptions import RedisError

from chatapp import controls
from chatapp.accounts.guard import admin_only, current_user
from chatapp.admin.cache.views import CLEAR, best_view, cache_view
from chatapp.admin.paging import whole
from chatapp.answers import kept
from chatapp.answers.cache import Policy, Scope, policy
from chatapp.ui.store import push

logger = logging.getLogger(__name__)

AWAY = "The Redis that keeps the answers cannot be reached. Please try again in a moment."


class CacheState(rx.State):
    """What admins do with the cache."""

    @admin_only
    @rx.event
    async def load(self) -> None:
        """Show what holds and what was saved."""
        await _show("")

    @admin_only
    @rx.event
    async def set_policy(self, form: dict[str, Any]) -> None:
        """Say who may be given an answer again."""
        wanted = form.get("policy")
        if wanted in list(Policy) and wanted != policy.value:
            await controls.change(policy, wanted, current_user().id)
            await _show("Saved. It holds at once.")

    @admin_only
    @rx.event
    async def ask_to_clear(self, scope: str) -> None:
        """Say what clearing does before it is done; without a scope: leave it."""
        asked = {"scope": scope, "words": CLEAR[Scope(scope)]} if scope in list(Scope) else None
        await push({"admin:cache:clear": asked})

    @admin_only
    @rx.event
    async def clear(self, scope: str) -> None:
        """Forget the kept answers of a scope."""
        if scope not in list(Scope):
            return
        try:
            count = await kept.clear(Scope(scope), current_user().id)
        except (RedisError, OSError) as error:
            logger.warning("The cache was not cleared: %s", type(error).__name__)
            await push({"admin:cache:said": AWAY})
            return
        await _show(f"{count:,} {'answer was' if count == 1 else 'answers were'} forgotten.")


async def _show(said: str) -> None:
    view = await cache_view()
    await push({"admin:cache": view, "admin:cache:clear": None, "admin:cache:said": said})
    try:
        best = whole(await best_view())
    except (RedisError, OSError) as error:
        logger.warning("The cache cannot be shown: %s", type(error).__name__)
        best = whole(()) | {"failed": AWAY}
    await push({"admin:cache:best": best})
