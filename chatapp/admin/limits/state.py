"""The handlers of the page about limits. What is shown is in the browser's store."""

from typing import Any
from uuid import UUID

import reflex as rx
from reflex_base.event.context import EventContext

from chatapp import controls
from chatapp.accounts.guard import admin_only, current_user
from chatapp.admin.limits import views
from chatapp.admin.limits.form import Invalid, changes, save, version
from chatapp.chats.text import storable
from chatapp.limits import admin, policy
from chatapp.limits.admin import ALL, Owner
from chatapp.limits.state import zone_here
from chatapp.ui.store import push

UNCHANGED = "Nothing has been changed."
SAVED = "Saved. It holds at once."
GONE = "There is no such group or person any more."


class LimitsState(rx.State):
    """What admins do with limits. Whose they are is in the page's URL."""

    @admin_only
    @rx.event
    async def load(self) -> None:
        """Show what holds, and what was used."""
        owner = _owner()
        await _show(owner, "")
        await push(await views.totals_view(owner, zone_here()))

    @admin_only
    @rx.event
    async def search(self, form: dict[str, Any]) -> None:
        """Look for groups and people."""
        text = storable(str(form.get("search", ""))).strip()[:100]
        found = await views.search(text) if text else None
        await push({"admin:limits:found": found})

    @admin_only
    @rx.event
    async def look(self, form: dict[str, Any]) -> None:
        """Show what a change does, and whom it hits."""
        owner = _owner()
        if await _is_stale(owner, form):
            return
        wanted = changes(owner, form)
        if not wanted:
            await _show(owner, UNCHANGED)
            return
        try:
            view = await views.preview_view(owner, wanted)
        except Invalid as error:
            await push({"admin:limits:preview": None, "admin:limits:said": str(error)})
            return
        told = {"admin:limits:preview": view, "admin:limits:said": "", "admin:limits:stale": False}
        await push(told)

    @admin_only
    @rx.event
    async def save(self, values: dict[str, Any]) -> None:
        """Make a change that was looked at."""
        owner = _owner()
        if await admin.name_of(owner) is None:
            await _show(owner, "")
            return
        if await _is_stale(owner, values):
            return
        try:
            await save(owner, changes(owner, values), current_user().id)
        except Invalid as error:
            await _show(owner, f"Nothing was saved. {error}")
            return
        await _show(owner, SAVED)

    @admin_only
    @rx.event
    async def forget(self) -> None:
        """Leave all as it is."""
        await _show(_owner(), "")


async def _is_stale(owner: Owner, form: dict[str, Any]) -> bool:
    """Whether a form was made from what holds no more; then that is said and nothing else."""
    await controls.load()
    await policy.load()
    stale = form.get("version") != version(owner)
    if stale:
        told = {"admin:limits:preview": None, "admin:limits:said": "", "admin:limits:stale": True}
        await push(told)
    return stale


async def _show(owner: Owner, said: str) -> None:
    view = await views.limits_view(owner)
    await push(
        {
            "admin:limits": view,
            "admin:limits:own": await views.own_limits() if owner == ALL else [],
            "admin:limits:preview": None,
            "admin:limits:stale": False,
            "admin:limits:said": said if view else GONE,
        }
    )


def _owner() -> Owner:
    """Whose limits the page's URL is about."""
    query = EventContext.get().router_data.get("query", {})
    group, person = (_uuid(query.get(name)) for name in ("group", "person"))
    return Owner(user_id=person) if person else Owner(group_id=group)


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
