"""The handlers of the admin pages. What is shown is in the browser's store."""

from collections.abc import Awaitable
from typing import Any, Literal, TypedDict
from uuid import UUID

import reflex as rx

from chatapp.accounts import people
from chatapp.accounts.guard import admin_only, current_user
from chatapp.accounts.models import Role, User, UserStatus
from chatapp.accounts.people import LastAdmin, NotAllowed
from chatapp.admin import repository
from chatapp.chats.text import storable
from chatapp.database import reading
from chatapp.ui.store import push

PAGE = 50

LAST = "This is the last administrator. Make somebody else one first."
GONE = "This person is no longer there."


class PersonView(TypedDict):
    """One person, as the page shows them."""

    id: str
    email: str
    name: str
    role: str
    status: str
    since: str
    me: bool


class PeopleView(TypedDict):
    """One page of people."""

    rows: list[PersonView]
    search: str
    offset: int
    more: bool


class AdminState(rx.State):
    """What admins do with people."""

    @rx.event
    async def enter(self) -> None:
        """Tell those who are no admins that there is no such page."""
        if not current_user().is_admin:
            await push({"admin:missing": True})

    @admin_only
    @rx.event
    async def load(self) -> None:
        """Show the first people."""
        await push({"admin:notice": ""})
        await _show("", 0)

    @admin_only
    @rx.event
    async def search(self, form: dict[str, Any]) -> None:
        """Show the people whose e-mail or name holds a text."""
        await _show(str(form.get("search", "")), 0)

    @admin_only
    @rx.event
    async def turn(self, search: str, offset: int) -> None:
        """Show another page of people."""
        await _show(search, max(offset, 0))

    @admin_only
    @rx.event
    async def set_status(
        self, user_id: UUID, status: Literal["active", "disabled"], search: str, offset: int
    ) -> None:
        """Let a person in, or no longer."""
        await _change(people.set_status(current_user(), user_id, UserStatus(status)))
        await _show(search, offset)

    @admin_only
    @rx.event
    async def set_role(
        self, user_id: UUID, role: Literal["admin", "member"], search: str, offset: int
    ) -> None:
        """Make a person an admin, or a member again."""
        await _change(people.set_role(current_user(), user_id, Role(role)))
        await _show(search, offset)


async def _change(change: Awaitable[User]) -> None:
    words = ""
    try:
        await change
    except LastAdmin:
        words = LAST
    except NotAllowed:
        words = GONE
    await push({"admin:notice": words})


async def _show(search: str, offset: int) -> None:
    text = storable(search).strip()[:100]
    async with reading() as session:
        found = await repository.people(session, text, offset, PAGE + 1)
    view: PeopleView = {
        "rows": [_person(user) for user in found[:PAGE]],
        "search": text,
        "offset": offset,
        "more": len(found) > PAGE,
    }
    await push({"admin:people": view})


def _person(user: User) -> PersonView:
    return {
        "id": str(user.id),
        "email": user.email,
        "name": user.name,
        "role": str(user.role),
        "status": str(user.status),
        "since": f"{user.created_at:%d %b %Y}",
        "me": user.id == current_user().id,
    }
