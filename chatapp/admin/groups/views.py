"""Groups as the browser's store holds them."""

from typing import TypedDict
from uuid import UUID

from chatapp import routes
from chatapp.accounts import groups
from chatapp.admin.limits.views import limits_words
from chatapp.agents import repository
from chatapp.database import reading
from chatapp.limits import policy
from chatapp.limits.tiers import name_of
from chatapp.pool.service import tiers

ALL_MODELS = "All models"
NO_LIMITS = "Everybody’s limits"


class TierChoice(TypedDict):
    """A tier, and whether the group's people may use it."""

    name: str
    label: str
    named: bool


class AgentLink(TypedDict):
    """An agent that is for a group."""

    name: str
    href: str


class GroupView(TypedDict):
    """One group, and what it has."""

    id: str
    name: str
    people: str
    models: str
    tiers: list[TierChoice]
    seen: str
    """The tiers that it names, for the form that is made from them."""
    limits: str
    agents: list[AgentLink]


async def group_views(admin_id: UUID) -> list[GroupView]:
    """All groups, for an admin."""
    found = await groups.every()
    of_groups, _of_people = policy.own()
    named, agents = policy.tiers_of_groups(), await _agents(admin_id)
    return [
        {
            "id": str(group.id),
            "name": group.name,
            "people": f"{people:,}",
            "limits": limits_words(of_groups.get(group.id, {})) or NO_LIMITS,
            "agents": agents.get(group.id, []),
            **_tiers(named.get(group.id, frozenset())),
        }
        for group, people in found
    ]


class _Tiers(TypedDict):
    models: str
    tiers: list[TierChoice]
    seen: str


def _tiers(named: frozenset[str]) -> _Tiers:
    known = tiers()
    words = {tier: name_of(tier) for tier in known}
    words |= {
        tier: f"{name_of(tier)} (no longer there)" for tier in sorted(named.difference(known))
    }
    choices: list[TierChoice] = [
        {"name": tier, "label": label, "named": tier in named} for tier, label in words.items()
    ]
    labels = [choice["label"] for choice in choices if choice["named"]]
    return {
        "models": ", ".join(labels) or ALL_MODELS,
        "tiers": choices,
        "seen": " ".join(sorted(named)),
    }


async def _agents(admin_id: UUID) -> dict[UUID, list[AgentLink]]:
    """The agents of all groups."""
    found: dict[UUID, list[AgentLink]] = {}
    async with reading() as session:
        for agent, _group in await repository.organisations(session, admin_id):
            if agent.group_id:
                name = f"{agent.emoji} {agent.name}".strip()
                link: AgentLink = {"name": name, "href": routes.agent(agent.id)}
                found.setdefault(agent.group_id, []).append(link)
    return found
