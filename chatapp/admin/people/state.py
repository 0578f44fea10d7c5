"""The handlers of the list of people. What is shown is in the browser's store."""

from collections.abc import Awaitable, Mapping
from typing import Any, Literal, TypedDict
from uuid import UUID

import reflex as rx
from sqlalchemy.exc import IntegrityError

from chatapp import routes
from chatapp.accounts import emails, groups, links, people
from chatapp.accounts.guard import admin_only, current_user
from chatapp.accounts.models import Role, User, UserStatus
from chatapp.accounts.people import LastAdmin, NotAllowed
from chatapp.accounts.problems import Problem
from chatapp.accounts.problems import words as words_of
from chatapp.admin import paging
from chatapp.admin.paging import Asked, Page
from chatapp.admin.people import repository
from chatapp.database import reading
from chatapp.limits.periods import month_of
from chatapp.ui.store import push

LAST = "This is the last administrator. Make somebody else one first."
GONE = "This person is no longer there."


class PersonView(TypedDict):
    """One person, as the list shows them."""

    id: str
    email: str
    name: str
    role: str
    status: str
    since: str
    questions: str
    me: bool


class PeopleState(rx.State):
    """What admins do with people."""

    @admin_only
    @rx.event
    async def load(self) -> None:
        """Show the people that the URL asks for."""
        names = [[str(group_id), name] for group_id, name in await groups.names()]
        await push({"admin:notice": "", "admin:invite": "", "admin:group-names": names})
        await _show(self.router.url.query_parameters)

    @admin_only
    @rx.event
    async def set_status(self, user_id: UUID, status: Literal["active", "disabled"]) -> None:
        """Let a person in, or no longer."""
        await change(people.set_status(current_user(), user_id, UserStatus(status)))
        await _show(self.router.url.query_parameters)

    @admin_only
    @rx.event
    async def set_role(self, user_id: UUID, role: Literal["admin", "member"]) -> None:
        """Make a person an admin, or a member again."""
        await change(people.set_role(current_user(), user_id, Role(role)))
        await _show(self.router.url.query_parameters)

    @admin_only
    @rx.event
    async def invite(self, form: dict[str, Any]) -> None:
        """Make an invitation and show its link this once."""
        link, words = "", ""
        try:
            typed = str(form.get("email", "")).strip()
            email = emails.normalise(typed) if typed else ""
            group = str(form.get("group", ""))
            token = await links.invite(current_user(), email, UUID(group) if group else None)
            link = routes.invitation(token)
        except IntegrityError:
            words = "This group is no longer there."
        except NotAllowed:
            words = GONE
        except ValueError:
            words = words_of(Problem.EMAIL)
        await push({"admin:invite": link, "admin:notice": words})


async def change(done: Awaitable[User]) -> None:
    """Do something with a person, and say why not if it cannot be done."""
    words = ""
    try:
        await done
    except LastAdmin:
        words = LAST
    except NotAllowed:
        words = GONE
    await push({"admin:notice": words})


async def _show(parameters: Mapping[str, str]) -> None:
    filters = ("role", "status", "group")
    asked = Asked.of(routes.ADMIN_PEOPLE, parameters, sort="-since", filters=filters)
    await paging.show("admin:people", asked, _found(asked), list(repository.SORTS))


async def _found(asked: Asked) -> Page[PersonView]:
    async with reading() as session:
        page = await paging.page_of(
            session,
            repository.people(asked),
            asked,
            repository.SORTS,
            repository.SORTS["since"],
        )
        ids = [user.id for user in page.rows]
        used = await repository.questions(session, ids, month_of().first_day)
        await push({"admin:waiting": await repository.waiting(session)})
    return Page([person_view(user, used.get(user.id, 0)) for user in page.rows], page.count)


def person_view(user: User, questions: int) -> PersonView:
    """A person, as pages show them."""
    return {
        "id": str(user.id),
        "email": user.email,
        "name": user.name,
        "role": str(user.role),
        "status": str(user.status),
        "since": f"{user.created_at:%d %b %Y}",
        "questions": f"{questions:,}",
        "me": user.id == current_user().id,
    }
