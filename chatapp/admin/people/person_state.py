"""The handlers of the page about one person. What is shown is in the browser's store."""

from typing import Any, TypedDict
from uuid import UUID

import reflex as rx

from chatapp import audit, routes
from chatapp.accounts import groups, links, people
from chatapp.accounts import repository as accounts
from chatapp.accounts.guard import admin_only, current_user
from chatapp.accounts.people import LastAdmin, NotAllowed
from chatapp.admin.audit.words import NoteView, names_in, view_of
from chatapp.admin.people.state import GONE, LAST, PersonView, person_view
from chatapp.audit import repository as notes
from chatapp.database import reading
from chatapp.limits import tiers
from chatapp.limits.state import zone_here
from chatapp.limits.usage import UsageView, usage
from chatapp.personal.erasure import erase
from chatapp.ui.store import push

NOTES = 15
"""How many of the last notes about a person are shown."""

OTHER_EMAIL = "That is not this person’s e-mail, so nothing was deleted."


class GroupChoice(TypedDict):
    """A group, and whether the person is in it."""

    id: str
    name: str
    member: bool


class PersonPageView(TypedDict):
    """All that the page shows of a person: nothing of what they wrote."""

    person: PersonView
    usage: UsageView
    models: str
    """What the person may use, by the groups."""
    groups: list[GroupChoice]
    notes: list[NoteView]


class PersonState(rx.State):
    """What admins do with one person."""

    @admin_only
    @rx.event
    async def load(self) -> None:
        """Show the person whom the URL names."""
        await push({"admin:person:said": "", "admin:person:wrong": "", "admin:person:link": ""})
        try:
            await _show(UUID(self.router.url.query_parameters.get("id", "")))
        except ValueError:
            await push({"admin:person": None, "admin:person:wrong": GONE})

    @admin_only
    @rx.event
    async def make_password_link(self, user_id: UUID) -> None:
        """Make a link for a new password and show it this once."""
        try:
            link = routes.password_reset(await links.reset(current_user(), user_id))
        except NotAllowed:
            await _say(wrong=GONE)
            return
        await push({"admin:person:link": link})
        await _show(user_id)

    @admin_only
    @rx.event
    async def offer_export(self, user_id: UUID) -> None:
        """Have the person offered a copy of all that is theirs."""
        try:
            await people.offer_export(current_user(), user_id)
        except NotAllowed:
            await _say(wrong=GONE)
            return
        await _say("The person finds the copy in the settings. Nobody else can get it.")
        await _show(user_id)

    @admin_only
    @rx.event
    async def set_groups(self, form: dict[str, Any]) -> None:
        """Put the person into the chosen groups and take them out of the others."""
        user_id, by = UUID(str(form.get("id", ""))), current_user().id
        async with reading() as session:
            if await accounts.user_by_id(session, user_id) is None:
                await _say(wrong=GONE)
                return
        # Only what was ticked or unticked here: another admin may have changed the rest.
        before = set(str(form.get("seen", "")).split())
        for group_id, _ in await groups.names():
            wanted = bool(form.get(f"group-{group_id}"))
            if wanted and str(group_id) not in before:
                await groups.add(group_id, [user_id], by)
            elif str(group_id) in before and not wanted:
                await groups.take_out(group_id, [user_id], by)
        await _say("Saved.")
        await _show(user_id)

    @admin_only
    @rx.event
    async def erase(self, form: dict[str, Any]) -> None:
        """Remove the person and all that is theirs, once their e-mail was typed."""
        user_id = UUID(str(form.get("id", "")))
        async with reading() as session:
            user = await accounts.user_by_id(session, user_id)
        if user is None:
            await _say(wrong=GONE)
            return
        if str(form.get("email", "")).strip().casefold() != user.email:
            await _say(wrong=OTHER_EMAIL)
            return
        try:
            await erase(current_user(), user_id)
        except (LastAdmin, NotAllowed) as error:
            await _say(wrong=LAST if isinstance(error, LastAdmin) else GONE)
            return
        await push({"admin:person": None})
        await _say("The account and everything in it has been deleted.")


async def _say(said: str = "", wrong: str = "") -> None:
    await push({"admin:person:said": said, "admin:person:wrong": wrong})


async def _show(user_id: UUID) -> None:
    async with reading() as session:
        user = await accounts.user_by_id(session, user_id)
        if user is None:
            await push({"admin:person": None, "admin:person:wrong": GONE})
            return
        mine = set(await groups.of_person(session, user_id))
        found = await notes.newest(session, audit.of_person(user_id), NOTES)
        names = await names_in(session, found)
    used, possible = await usage(user_id, zone_here()), tiers.choices(user_id)
    choices: list[GroupChoice] = [
        {"id": str(group_id), "name": name, "member": group_id in mine}
        for group_id, name in await groups.names()
    ]
    view: PersonPageView = {
        "person": person_view(user, 0),
        "usage": used,
        "models": ", ".join(tiers.name_of(tier) for tier in possible if tier) or "none",
        "groups": choices,
        "notes": [view_of(note, names) for note in found],
    }
    await push({"admin:person": view})
