"""The handlers of the page that changes accounts and models. It holds nothing, and no key."""

from itertools import count
from typing import Any, Literal, TypedDict

import reflex as rx

from chatapp import controls
from chatapp.accounts.guard import admin_only, current_user
from chatapp.admin.providers import editing
from chatapp.admin.providers.editing import STALE, Mistakes, Wanted
from chatapp.admin.providers.editing_views import pool_view
from chatapp.admin.stale import WORDS
from chatapp.ui.store import push

NOBODY = "Nothing was changed: nobody would be left who could answer."
SAVED = "Saved. It holds in all processes."

Action = Literal["off", "on", "remove account", "remove member", "undo"]

_revisions = count(1)


class ConfirmView(TypedDict):
    """A change that is made once it is confirmed."""

    words: str
    action: str
    name: str


class PoolEditingState(rx.State):
    """What admins do with accounts and models."""

    @admin_only
    @rx.event
    async def load(self) -> None:
        """Show what there is."""
        await controls.load()
        await _show()

    @admin_only
    @rx.event
    async def save_account(self, form: dict[str, Any]) -> None:
        """Add an account, or change one."""
        await controls.load()
        name = "new" if form.get("new") else str(form.get("name", ""))
        await _hold(editing.account(form), f"account:{name}")

    @admin_only
    @rx.event
    async def save_member(self, form: dict[str, Any]) -> None:
        """Add a member, or change one."""
        await controls.load()
        where = "/".join(str(form.get(part, "")) for part in ("tier", "account", "model"))
        await _hold(editing.member(form), f"member:{'new' if form.get('new') else where}")

    @admin_only
    @rx.event
    async def do(self, action: Action, name: str, confirmed: bool) -> None:
        """Switch a member, remove something, or take a change back."""
        await controls.load()
        if action in ("off", "on"):
            wanted = editing.switched(name, off=action == "off")
        elif action == "undo":
            wanted = editing.as_said(name)
        else:
            wanted = editing.removed(action.removeprefix("remove "), name)
        words = editing.is_lost(action, name)
        if wanted.emptied:
            tiers = ", ".join(f"“{tier}”" for tier in wanted.emptied)
            words += (
                f" Then nobody is left in {tiers}: it cannot be chosen any more, and chats that "
                "use it are answered by the others."
            )
        if words and not confirmed and not wanted.mistakes:
            words = words.strip()
            await push({"admin:pool:confirm": ConfirmView(words=words, action=action, name=name)})
            return
        await _hold(wanted, "")

    @admin_only
    @rx.event
    async def leave(self) -> None:
        """Leave all as it is."""
        await push({"admin:pool:confirm": None})


async def _hold(wanted: Wanted, form: str) -> None:
    if wanted.mistakes:
        await _refuse(form, wanted.mistakes)
        return
    try:
        await editing.hold(wanted, current_user().id)
    except controls.Outdated:
        await _refuse(form, {STALE if form else "": WORDS})
    except ValueError:
        await _show(said=NOBODY)
    else:
        await _show(said=SAVED, revision=True)


async def _refuse(form: str, mistakes: Mistakes) -> None:
    if not form:
        await _show()
    # A form is not shown anew: what was typed stays, and what it was made from.
    told = {f"{form}:{name}": why for name, why in mistakes.items()}
    await push({"admin:pool:said": "", "admin:pool:mistakes": told})


async def _show(said: str = "", *, revision: bool = False) -> None:
    values: dict[str, Any] = {
        "admin:pool": pool_view(),
        "admin:pool:said": said,
        "admin:pool:mistakes": {},
        "admin:pool:confirm": None,
    }
    if revision:
        # The forms for something new are empty again, so that no key stays in them.
        values["admin:pool:revision"] = next(_revisions)
    await push(values)
