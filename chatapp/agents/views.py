"""Agents as the browser's store holds them."""

from collections.abc import Iterable
from typing import TypedDict
from uuid import UUID

from chatapp import routes
from chatapp.agents import editing
from chatapp.agents.builtin import BUILT_IN, is_on
from chatapp.agents.models import Agent
from chatapp.agents.service import REMEMBER, label_of
from chatapp.agents.tools import catalogue
from chatapp.pool.service import tiers

GONE = "An agent that was deleted"


class ChoiceView(TypedDict):
    """An agent that can be chosen."""

    id: str
    name: str
    emoji: str
    picture: str
    """The address of its picture; empty: it has none."""
    description: str
    suggestions: list[str]


class MarkView(TypedDict):
    """The agent of a chat."""

    id: str
    label: str
    picture: str
    off: bool
    """Whether the chat goes on without it."""


class CardView(TypedDict):
    """An agent in a list."""

    id: str
    name: str
    emoji: str
    picture: str
    description: str
    active: bool
    editable: bool
    audience: str
    """For whom it is, in words; empty: for the person alone, or it comes with the product."""
    tools: str


class FormView(TypedDict):
    """An agent while it is changed."""

    id: str
    """Empty: it is not there yet."""
    version: str
    missing: bool
    editable: bool
    built_in: bool
    active: bool
    audience: str
    """For whom it is, as the form says it."""
    name: str
    emoji: str
    picture: str
    """The id of its picture."""
    description: str
    instructions: str
    tier: str
    temperature: str
    suggestions: str
    tools: list[str]
    away: list["AwayView"]
    """Those of its tools that cannot be used now."""


class AwayView(TypedDict):
    """A tool that an agent has and that cannot be used now."""

    name: str
    title: str


class ToolView(TypedDict):
    """A tool that an agent can be given."""

    name: str
    title: str
    meaning: str
    acts: bool


class GroupView(TypedDict):
    """A group for which an agent can be made."""

    id: str
    name: str


class OptionsView(TypedDict):
    """What the form offers."""

    tools: list[ToolView]
    tiers: list[str]
    groups: list[GroupView]
    admin: bool


def choice_views(agents: Iterable[Agent]) -> list[ChoiceView]:
    """Those that can be chosen."""
    return [
        {
            "id": str(agent.id),
            "name": agent.name,
            "emoji": agent.emoji,
            "picture": _picture(agent),
            "description": agent.description,
            "suggestions": list(agent.suggestions),
        }
        for agent in agents
    ]


def mark_view(agent_id: UUID, agent: Agent | None) -> MarkView:
    """The agent of a chat; one that is gone has no name any more."""
    return {
        "id": str(agent_id),
        "label": label_of(agent.emoji, agent.name, agent.picture) if agent else GONE,
        "picture": _picture(agent) if agent else "",
        "off": agent is None or not is_on(agent),
    }


def _picture(agent: Agent) -> str:
    return routes.picture(agent.picture) if agent.picture else ""


def card_view(agent: Agent, *, editable: bool, audience: str = "") -> CardView:
    """One in a list."""
    titles = {tool.name: tool.title for tool in catalogue.available()}
    return {
        "id": str(agent.id),
        "name": agent.name,
        "emoji": agent.emoji,
        "picture": _picture(agent),
        "description": agent.description,
        "active": is_on(agent),
        "editable": editable,
        "audience": audience,
        "tools": ", ".join(titles[name] for name in agent.tools if name in titles),
    }


def form_view(agent: Agent, *, editable: bool) -> FormView:
    """One while it is changed, or looked at by who may not change it."""
    audience = editing.ME if agent.owner_id else str(agent.group_id or editing.ALL)
    return {
        "id": str(agent.id),
        "version": editing.version_of(agent),
        "missing": False,
        "editable": editable,
        "built_in": agent.id in BUILT_IN,
        "active": is_on(agent),
        "audience": audience,
        "name": agent.name,
        "emoji": agent.emoji,
        "picture": str(agent.picture or ""),
        "description": agent.description,
        "instructions": agent.instructions,
        "tier": agent.tier or "",
        "temperature": "" if agent.temperature is None else f"{agent.temperature:g}",
        "suggestions": "\n".join(agent.suggestions),
        "tools": list(agent.tools),
        "away": _away(agent.tools),
    }


def _away(names: Iterable[str]) -> list[AwayView]:
    titles = catalogue.titles()
    there = {tool.name for tool in catalogue.available()}
    return [{"name": name, "title": titles.get(name, name)} for name in names if name not in there]


def empty_form(audience: str) -> FormView:
    """One that is not there yet."""
    view = form_view(Agent(name=""), editable=True)
    return {**view, "id": "", "audience": audience}


def missing_form() -> FormView:
    """One that does not exist for this person."""
    return {**empty_form(""), "missing": True, "editable": False}


def options_view(groups: Iterable[tuple[UUID, str]], *, admin: bool) -> OptionsView:
    """What the form offers."""
    return {
        "tools": [
            {"name": tool.name, "title": tool.title, "meaning": tool.meaning, "acts": tool.acts}
            for tool in catalogue.available()
            if tool.name != REMEMBER
        ],
        "tiers": list(tiers()),
        "groups": [{"id": str(group_id), "name": name} for group_id, name in groups],
        "admin": admin,
    }
