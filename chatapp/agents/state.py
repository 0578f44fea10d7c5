"""The handlers of the pages about agents. They hold nothing."""

from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import reflex as rx
from reflex_base.event.context import EventContext

from chatapp import routes
from chatapp.accounts import groups
from chatapp.accounts.guard import current_user
from chatapp.agents import editing, repository, views
from chatapp.agents.builtin import BUILT_IN
from chatapp.agents.editing import AgentRefused, NoAgent, draft_of
from chatapp.agents.models import Agent
from chatapp.database import reading
from chatapp.ui.store import push

GONE = "This agent is no longer there."
SAVED = "Saved. It counts from the next question on."
NEW = "new"
"""What stands in the URL of an agent that is not there yet."""


class AgentState(rx.State):
    """What people do with agents."""

    @rx.event
    async def load(self) -> None:
        """Show the agents that there are."""
        await push({"agents:said": "", "agents:deleted": ""})
        await _show()

    @rx.event
    async def open(self) -> None:
        """Show the agent of the URL, to be changed."""
        me, query = current_user(), EventContext.get().router_data.get("query", {})
        name = str(query.get("agent_id", ""))
        known = await groups.every() if me.is_admin else ()
        await push(
            {
                "agents:said": "",
                "agents:options": views.options_view(
                    ((group.id, group.name) for group, _ in known), admin=me.is_admin
                ),
                "agents:form": await _form(me.id, name, str(query.get("for", editing.ME))),
            }
        )

    @rx.event
    async def save(self, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Keep a new agent or a changed one."""
        me, agent_id = current_user(), _uuid(form.get("id"))
        audience = str(form.get("audience") or "")
        try:
            draft = draft_of(form)
            if agent_id is None:
                made = await editing.create(me.id, draft, audience)
                mine = audience in ("", editing.ME)
                return rx.redirect(routes.new_chat_with(made) if mine else routes.ADMIN_AGENTS)
            await editing.change(me.id, agent_id, draft, audience, str(form.get("version") or ""))
        except AgentRefused as refusal:
            await push({"agents:said": str(refusal), "agents:wrong": True})
        except NoAgent:
            await push({"agents:said": GONE, "agents:wrong": True})
        else:
            held = await _form(me.id, str(agent_id), audience)
            await push({"agents:said": SAVED, "agents:wrong": False, "agents:form": held})
        return None

    @rx.event
    async def duplicate(self, agent_id: UUID) -> rx.event.EventSpec | None:
        """Make a copy of an agent, to be changed."""
        try:
            made = await editing.duplicate(current_user().id, agent_id)
        except AgentRefused as refusal:
            await push({"agents:said": str(refusal), "agents:wrong": True})
        except NoAgent:
            await push({"agents:said": GONE, "agents:wrong": True})
        else:
            return rx.redirect(routes.agent(made))
        return None

    @rx.event
    async def set_active(self, agent_id: UUID, active: bool) -> None:
        """Switch an agent off or on."""
        await _do(editing.set_active(current_user().id, agent_id, active))

    @rx.event
    async def delete(self, agent_id: UUID) -> None:
        """Delete an agent; for a while it can be brought back."""
        if await _do(editing.delete(current_user().id, agent_id)):
            await push({"agents:deleted": str(agent_id)})

    @rx.event
    async def restore(self, agent_id: UUID) -> None:
        """Bring a deleted agent back."""
        await _do(editing.restore(current_user().id, agent_id))


async def _do(change: Awaitable[None]) -> bool:
    words = ""
    try:
        await change
    except NoAgent:
        words = GONE
    await push({"agents:said": words, "agents:wrong": bool(words), "agents:deleted": ""})
    await _show()
    return not words


async def _show() -> None:
    me = current_user()
    async with reading() as session:
        found = await repository.agents(session, me.id)
    mine = [views.card_view(agent, editable=True) for agent in found if agent.owner_id]
    theirs = [
        views.card_view(agent, editable=me.is_admin, audience=_audience(agent))
        for agent in found
        # Whoever may not switch it on again need not see that it is off.
        if agent.owner_id is None and (agent.active or me.is_admin)
    ]
    come = [views.card_view(agent, editable=False) for agent in BUILT_IN.values()]
    come = [card for card in come if card["active"]]
    await push({"agents:list": {"mine": mine, "theirs": theirs, "come": come}})


def _audience(agent: Agent) -> str:
    return "For your group" if agent.group_id else "For everyone"


async def _form(user_id: UUID, name: str, audience: str) -> views.FormView:
    if name == NEW:
        return views.empty_form(audience)
    if (agent_id := _uuid(name)) is None:
        return views.missing_form()
    async with reading() as session:
        if agent := await repository.editable(session, user_id, agent_id):
            return views.form_view(agent, editable=True)
        agent = BUILT_IN.get(agent_id) or await repository.agent(session, user_id, agent_id)
    return views.form_view(agent, editable=False) if agent else views.missing_form()


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
