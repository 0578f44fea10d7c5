"""The handlers of the page about groups. What is shown is in the browser's store."""

import re
from typing import Any
from uuid import UUID

import reflex as rx
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from chatapp.accounts import groups
from chatapp.accounts.emails import normalise
from chatapp.accounts.groups import GroupRefused
from chatapp.accounts.guard import admin_only, current_user
from chatapp.accounts.models import User
from chatapp.admin.groups.views import group_views
from chatapp.chats.text import storable
from chatapp.controls import Outdated
from chatapp.database import reading
from chatapp.limits import admin
from chatapp.pool.service import tiers
from chatapp.ui.store import push

AT_ONCE = 500
"""How many people can be put into a group at once."""

GONE = "This group is no longer there."


class GroupsState(rx.State):
    """What admins do with groups."""

    @admin_only
    @rx.event
    async def load(self) -> None:
        """Show all groups."""
        await _show()

    @admin_only
    @rx.event
    async def create(self, form: dict[str, Any]) -> None:
        """Make a group."""
        try:
            made = await groups.create(_text(form, "name"), current_user().id)
        except GroupRefused as refused:
            await _show(wrong=str(refused))
        else:
            await _show(f"The group {made.name} was made.")

    @admin_only
    @rx.event
    async def rename(self, form: dict[str, Any]) -> None:
        """Give a group another name."""
        try:
            await groups.rename(_id(form), _text(form, "name"), current_user().id)
        except GroupRefused as refused:
            await _show(wrong=str(refused))
        else:
            await _show("The group was renamed.")

    @admin_only
    @rx.event
    async def remove(self, form: dict[str, Any]) -> None:
        """Remove a group, once its name was typed; its people stay."""
        group_id, typed = _id(form), _text(form, "name")
        found = [group for group, _ in await groups.every() if group.id == group_id]
        if not found:
            await _show(wrong=GONE)
        elif found[0].name != typed:
            await _show(wrong="That is not the group’s name, so nothing was removed.")
        else:
            await groups.remove(group_id, current_user().id)
            await _show("The group was removed. Its people stay.")

    @admin_only
    @rx.event
    async def set_tiers(self, form: dict[str, Any]) -> None:
        """Say which models a group's people may use; nothing ticked: the group says nothing."""
        group_id, seen = _id(form), _text(form, "seen").split()
        wanted = [tier for tier in {*tiers(), *seen} if form.get(f"tier:{tier}")]
        try:
            await admin.set_tiers(group_id, wanted, current_user().id, seen)
        except Outdated:
            await push({"admin:groups:stale": str(group_id)})
        except IntegrityError:
            await _show(wrong=GONE)
        else:
            await _show("Saved. It holds at once.")

    @admin_only
    @rx.event
    async def add_people(self, form: dict[str, Any]) -> None:
        """Put the people of some e-mails into a group."""
        emails = re.split(r"[\s,;]+", _text(form, "emails"))[:AT_ONCE]
        wanted = {_normal(email) for email in emails if email}
        async with reading() as session:
            query = select(User.email, User.id).where(col(User.email).in_(wanted))
            found = dict((await session.exec(query)).all())
        try:
            await groups.add(_id(form), list(found.values()), current_user().id)
        except IntegrityError:
            await _show(wrong=GONE)
            return
        unknown = sorted(wanted - found.keys())
        said = f"{len(found)} of {len(wanted)} are in the group."
        if unknown:
            said += f" Nobody here has {', '.join(unknown[:5])}."
        await _show(said)


async def _show(said: str = "", wrong: str = "") -> None:
    await push(
        {
            "admin:groups": await group_views(current_user().id),
            "admin:groups:said": said,
            "admin:groups:wrong": wrong,
            "admin:groups:stale": "",
        }
    )


def _text(form: dict[str, Any], name: str) -> str:
    return storable(str(form.get(name, ""))).strip()[:20_000]


def _id(form: dict[str, Any]) -> UUID:
    try:
        return UUID(str(form.get("id", "")))
    except ValueError:
        return UUID(int=0)


def _normal(email: str) -> str:
    try:
        return normalise(email)
    except ValueError:
        return email[:100]
