"""The handlers of the list of invitations. What is shown is in the browser's store."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict
from uuid import UUID

import reflex as rx

from chatapp import routes
from chatapp.accounts import links
from chatapp.accounts.guard import admin_only, current_user
from chatapp.accounts.models import OneTimeLink
from chatapp.accounts.people import NotAllowed
from chatapp.admin import paging
from chatapp.admin.paging import Asked, Page
from chatapp.admin.people import invitations_repository as repository
from chatapp.database import now, reading
from chatapp.ui.store import push

WITHDRAWN = "The invitation is withdrawn: its link works no more."
TOO_LATE = "The invitation was used, withdrawn or over already."
ANYBODY = "Whoever has the link"


class InvitationView(TypedDict):
    """One invitation. Moments are in ISO form; of its link nothing is known here."""

    id: str
    email: str
    group: str
    by: str
    made: str
    until: str
    state: str
    """``open``, ``used``, ``withdrawn`` or ``over``."""
    at: str
    """When it was used or withdrawn; else empty."""
    who: str
    """By whom it was."""
    who_id: str
    """Whose page there is."""


class InvitationsState(rx.State):
    """What admins do with invitations."""

    @admin_only
    @rx.event
    async def load(self) -> None:
        """Show the invitations that the URL asks for."""
        await push({"admin:invitations:said": "", "admin:invitations:wrong": ""})
        await _show(self.router.url.query_parameters)

    @admin_only
    @rx.event
    async def withdraw(self, link_id: UUID) -> None:
        """Let an invitation work no more."""
        try:
            done = await links.withdraw(current_user(), link_id)
        except NotAllowed:
            done = False
        said, wrong = (WITHDRAWN, "") if done else ("", TOO_LATE)
        await push({"admin:invitations:said": said, "admin:invitations:wrong": wrong})
        await _show(self.router.url.query_parameters)


async def _show(parameters: Mapping[str, str]) -> None:
    asked = Asked.of(routes.ADMIN_INVITATIONS, parameters, sort="-made", filters=("state",))
    await paging.show("admin:invitations", asked, _found(asked), list(repository.SORTS))


async def _found(asked: Asked) -> Page[InvitationView]:
    moment = now()
    async with reading() as session:
        page = await paging.page_of(
            session,
            repository.invitations(asked.filters.get("state", ""), moment),
            asked,
            repository.SORTS,
            repository.SORTS["made"],
        )
        names = await repository.names(session, page.rows)
    return Page([_view(link, names, moment) for link in page.rows], page.count)


def _view(link: OneTimeLink, names: Mapping[UUID, str], moment: datetime) -> InvitationView:
    state, at, who = "open", None, None
    if link.withdrawn_at:
        state, at, who = "withdrawn", link.withdrawn_at, link.withdrawn_by
    elif link.used_at:
        state, at, who = "used", link.used_at, link.used_by
    elif link.expires_at <= moment:
        state = "over"
    return {
        "id": str(link.id),
        "email": link.email or ANYBODY,
        "group": names.get(link.group_id, "") if link.group_id else "",
        "by": names.get(link.made_by, "someone erased") if link.made_by else "the command line",
        "made": link.made_at.isoformat(timespec="seconds"),
        "until": link.expires_at.isoformat(timespec="seconds"),
        "state": state,
        "at": at.isoformat(timespec="seconds") if at else "",
        "who": names.get(who, "someone erased") if who else "",
        "who_id": str(who) if who in names else "",
    }
