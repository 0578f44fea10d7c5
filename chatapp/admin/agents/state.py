"""The handlers of the page about agents. What is shown is in the browser's store."""

from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import reflex as rx
from pydantic import ValidationError

from chatapp import controls
from chatapp.accounts.guard import admin_only, current_user
from chatapp.agents import editing, repository, views
from chatapp.agents.builtin import BUILT_IN
from chatapp.agents.editing import NoAgent
from chatapp.agents.service import HOUSE_RULES, LONGEST_RULES
from chatapp.agents.state import GONE
from chatapp.answers.welcome import (
    LONGEST_GREETING,
    LONGEST_QUESTION,
    LONGEST_TITLE,
    MOST,
    WELCOME,
)
from chatapp.chats.text import storable
from chatapp.controls import Outdated
from chatapp.database import new_id, reading
from chatapp.ui.store import push

SAVED = "Saved. It holds for every question from now on."
WELCOME_SAVED = "Saved. Every new chat begins with it from now on."
WELCOME_WRONG = (
    f"There must be a greeting of at most {LONGEST_GREETING} characters; words above a question "
    f"have at most {LONGEST_TITLE} and questions at most {LONGEST_QUESTION}. Nothing was saved."
)
TOO_LONG = f"At most {LONGEST_RULES:,} characters are possible. Nothing was saved."


class AdminAgentState(rx.State):
    """What admins do with agents."""

    @admin_only
    @rx.event
    async def load(self) -> None:
        """Show the organisation's agents and what it says to every model."""
        await controls.load()
        await push({"agents:said": "", "admin:rules:said": "", "admin:rules:stale": False})
        await push({"admin:rules": HOUSE_RULES.value, "admin:rules:version": HOUSE_RULES.version})
        await _show_welcome("")
        await _show()

    @admin_only
    @rx.event
    async def save_rules(self, form: dict[str, Any]) -> None:
        """Keep what every model is given before every chat."""
        rules, words = storable(str(form.get("rules") or "")), SAVED
        try:
            seen = str(form.get("version", ""))
            await controls.change(HOUSE_RULES, rules, current_user().id, seen)
        except Outdated:
            await push({"admin:rules:said": "", "admin:rules:stale": True})
            return
        except ValidationError:
            words = TOO_LONG
        else:
            held = {"admin:rules": HOUSE_RULES.value, "admin:rules:version": HOUSE_RULES.version}
            await push(held)
        await push({"admin:rules:said": words, "admin:rules:stale": False})

    @admin_only
    @rx.event
    async def save_welcome(self, form: dict[str, Any]) -> None:
        """Keep what the empty screen says: a suggestion without a question is none."""
        texts = {name: storable(str(value or "")) for name, value in form.items()}
        rows = [(texts.get(f"title{at}", ""), texts.get(f"text{at}", "")) for at in range(MOST)]
        wanted = {
            "greeting": texts.get("greeting", ""),
            "suggestions": [{"title": title, "text": text} for title, text in rows if text.strip()],
        }
        try:
            seen = texts.get("version", "")
            await controls.change(WELCOME, wanted, current_user().id, seen)
        except Outdated:
            await push({"admin:welcome:said": "", "admin:welcome:stale": True})
            return
        except ValidationError:
            told = {"admin:welcome:said": WELCOME_WRONG, "admin:welcome:wrong": True}
        else:
            told = {"admin:welcome:said": WELCOME_SAVED, "admin:welcome:wrong": False}
            told["admin:welcome:version"] = WELCOME.version
        await push(told | {"admin:welcome:stale": False})

    @admin_only
    @rx.event
    async def restore_welcome(self) -> None:
        """Let the empty screen say what it says by itself."""
        await controls.change(WELCOME, WELCOME.default, current_user().id)
        await _show_welcome(WELCOME_SAVED)

    @admin_only
    @rx.event
    async def set_active(self, agent_id: UUID, active: bool) -> None:
        """Switch an agent off or on."""
        await _do(editing.set_active(current_user().id, agent_id, active))

    @admin_only
    @rx.event
    async def delete(self, agent_id: UUID) -> None:
        """Delete an agent; for a while it can be brought back."""
        if await _do(editing.delete(current_user().id, agent_id)):
            await push({"admin:agents:deleted": str(agent_id)})

    @admin_only
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
    told = {"agents:said": words, "agents:wrong": bool(words), "admin:agents:deleted": ""}
    await push(told)
    await _show()
    return not words


async def _show_welcome(said: str) -> None:
    await push(
        {
            "admin:welcome": WELCOME.dump(WELCOME.value),
            "admin:welcome:take": str(new_id()),
            "admin:welcome:version": WELCOME.version,
            "admin:welcome:stale": False,
            "admin:welcome:said": said,
            "admin:welcome:wrong": False,
        }
    )


async def _show() -> None:
    async with reading() as session:
        found = await repository.organisations(session, current_user().id)
    ours = [
        views.card_view(agent, editable=True, audience=f"For {group}" if group else "For everyone")
        for agent, group in found
    ]
    come = [views.card_view(agent, editable=False) for agent in BUILT_IN.values()]
    await push({"admin:agents": {"ours": ours, "come": come}})
