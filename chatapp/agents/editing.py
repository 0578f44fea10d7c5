"""Making, changing, copying, switching off and deleting agents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp import audit, controls
from chatapp.agents import repository
from chatapp.agents.builtin import BUILT_IN, SWITCHED_OFF
from chatapp.agents.models import Agent
from chatapp.agents.service import KEPT_DELETED, REMEMBER
from chatapp.agents.tools import catalogue
from chatapp.chats.text import storable
from chatapp.database import now, transaction
from chatapp.pool.service import tiers
from chatapp.statement import insert_rows, new_row

LONGEST_NAME = 40
LONGEST_EMOJI = 16
LONGEST_DESCRIPTION = 200
LONGEST_INSTRUCTIONS = 8_000
LONGEST_SUGGESTION = 200
MOST_SUGGESTIONS = 4
MOST_AGENTS = 50
"""How many agents of their own a person may have."""

TICKED = "tool:"
"""What stands before the name of a tool in a form."""

ME, ALL = "me", "all"
"""For whom an agent is, besides the id of a group."""

NAMELESS = "An agent needs a name."
FULL = f"You have {MOST_AGENTS} agents, which is as many as there may be. Delete one first."
NO_TEMPERATURE = "The temperature is a number from 0 to 2, or empty."
OUTDATED = (
    "This agent was changed since you opened it, so nothing was saved. Load the page again to see "
    "what it is now."
)
NO_PICTURE = "The picture is no longer there. Please choose it again."
NO_AUDIENCE = "There is no such group, or only administrators may make agents for others."

_LENGTHS = {
    "name": LONGEST_NAME,
    "emoji": LONGEST_EMOJI,
    "description": LONGEST_DESCRIPTION,
    "instructions": LONGEST_INSTRUCTIONS,
}


class AgentRefused(Exception):
    """An agent that cannot be kept so. ``str()`` of it says why, in plain words."""


class NoAgent(Exception):
    """There is no such agent, or it is not this person's to change: the reply is the same."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants an agent to be."""

    name: str
    emoji: str = ""
    picture: UUID | None = None
    """One that the same person has uploaded, or that the agent has."""
    description: str = ""
    instructions: str = ""
    tier: str | None = None
    tools: tuple[str, ...] = ()
    temperature: float | None = None
    suggestions: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        """As they stand in the table."""
        return asdict(self) | {"tools": list(self.tools), "suggestions": list(self.suggestions)}


def draft_of(form: Mapping[str, Any]) -> Draft:
    """What a form says, where ``tool:<name>`` is there for each tool and suggestions are lines.

    Whether there are such tools is looked at when it is kept.

    Raises:
        AgentRefused: something in it is missing, too long or not to be understood.
    """
    texts = {name: storable(str(form.get(name) or "")).strip() for name in _LENGTHS}
    texts["name"] = " ".join(texts["name"].split()).lstrip("@ ")
    if not texts["name"]:
        raise AgentRefused(NAMELESS)
    for name, longest in _LENGTHS.items():
        if len(texts[name]) > longest:
            raise AgentRefused(
                f"The {name} has {len(texts[name]):,} characters; {longest:,} are possible."
            )
    lines = storable(str(form.get("suggestions") or "")).splitlines()
    suggestions = tuple(line.strip() for line in lines if line.strip())
    if len(suggestions) > MOST_SUGGESTIONS or any(
        len(line) > LONGEST_SUGGESTION for line in suggestions
    ):
        raise AgentRefused(
            f"There may be {MOST_SUGGESTIONS} suggestions, one a line, with at most "
            f"{LONGEST_SUGGESTION} characters each."
        )
    tier = str(form.get("tier") or "")
    return Draft(
        **texts,
        picture=_uuid(form.get("picture")),
        tier=tier if tier in tiers() else None,
        tools=tuple(
            name.removeprefix(TICKED)
            for name, ticked in form.items()
            if ticked and name.startswith(TICKED)
        ),
        temperature=_temperature(str(form.get("temperature") or "").strip()),
        suggestions=suggestions,
    )


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def _temperature(text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text.replace(",", ".")[:20])
    except ValueError:
        raise AgentRefused(NO_TEMPERATURE) from None
    if not 0 <= value <= 2:
        raise AgentRefused(NO_TEMPERATURE)
    return round(value, 2)


async def create(user_id: UUID, draft: Draft, audience: str = ME) -> UUID:
    """Make an agent: one's own, or as an admin one for everyone or a group. Its id.

    Raises:
        AgentRefused: the name is taken, there are too many, or it is not for this person to make.
    """
    async with transaction() as session:
        return await _create(session, user_id, draft, audience)


async def _create(
    session: AsyncSession,
    user_id: UUID,
    draft: Draft,
    audience: str,
    held: Iterable[str] = (),
) -> UUID:
    draft = _with_known_tools(draft, held)
    owner_id, group_id = await _audience(session, user_id, audience)
    if owner_id and await repository.count(session, user_id) >= MOST_AGENTS:
        raise AgentRefused(FULL)
    await _check_name(session, user_id, draft.name)
    agent = new_row(Agent, owner_id=owner_id, group_id=group_id, **draft.values)
    await insert_rows(session, agent)
    await _set_picture(session, user_id, agent.id, draft.picture)
    if owner_id is None:
        await _note(session, user_id, "created", agent.id, after=_told(draft, group_id))
    return agent.id


async def change(
    user_id: UUID, agent_id: UUID, draft: Draft, audience: str = "", seen: str = ""
) -> None:
    """Change an agent; it counts from the next question on.

    Args:
        user_id: who does it.
        agent_id: which one.
        draft: what it shall be.
        audience: for whom; empty: as before. What is the organisation's stays so.
        seen: the version that was changed, see :func:`version_of`; empty: whichever there is.

    Raises:
        NoAgent: there is none that this person may change.
        AgentRefused: the name is taken, that audience is not for this person to choose, or it was
            changed since it was seen.
    """
    async with transaction() as session:
        old = await repository.editable(session, user_id, agent_id)
        if old is None:
            raise NoAgent
        if seen and seen != version_of(old):
            raise AgentRefused(OUTDATED)
        owner_id, group_id = old.owner_id, old.group_id
        if audience and (owner_id is None or audience != ME):
            owner_id, group_id = await _audience(session, user_id, audience)
            if old.owner_id is None and owner_id is not None:
                raise AgentRefused("An agent of the organisation stays the organisation’s.")
        await _check_name(session, user_id, draft.name, but=agent_id)
        await _set_picture(session, user_id, agent_id, draft.picture)
        draft = _with_known_tools(draft, held=old.tools)
        values = draft.values | {"owner_id": owner_id, "group_id": group_id, "updated_at": now()}
        as_seen = old.updated_at if seen else None
        if not await repository.change(session, user_id, agent_id, values, as_seen):
            raise AgentRefused(OUTDATED)
        if owner_id is None:
            before = {name: getattr(old, name) for name in draft.values}
            before |= {"group": str(old.group_id or ""), "picture": str(old.picture or "")}
            await _note(session, user_id, "changed", agent_id, before, _told(draft, group_id))


def version_of(agent: Agent) -> str:
    """Another word after each change."""
    return agent.updated_at.isoformat()


async def duplicate(user_id: UUID, agent_id: UUID) -> UUID:
    """Make a copy of an agent that a person may ask or change, as their own. Its id.

    Raises:
        NoAgent: there is no such agent for this person.
        AgentRefused: there are too many.
    """
    async with transaction() as session:
        old = (
            BUILT_IN.get(agent_id)
            or await repository.agent(session, user_id, agent_id)
            or await repository.editable(session, user_id, agent_id)
        )
        if old is None:
            raise NoAgent
        taken = await _names(session, user_id)
        draft = Draft(
            _free_name(old.name, taken),
            old.emoji,
            await _copied(session, user_id, old.picture),
            old.description,
            old.instructions,
            old.tier,
            tuple(old.tools),
            old.temperature,
            tuple(old.suggestions),
        )
        return await _create(session, user_id, draft, ME, held=old.tools)


async def _copied(session: AsyncSession, user_id: UUID, picture: UUID | None) -> UUID | None:
    data = await repository.picture(session, user_id, picture) if picture else None
    return await repository.add_picture(session, user_id, data) if data else None


async def _set_picture(
    session: AsyncSession, user_id: UUID, agent_id: UUID, picture: UUID | None
) -> None:
    if not await repository.set_picture(session, user_id, agent_id, picture):
        raise AgentRefused(NO_PICTURE)


def _with_known_tools(draft: Draft, held: Iterable[str]) -> Draft:
    """With those tools alone that can be given now, or that it has though they are away now."""
    known = {tool.name for tool in catalogue.available()} - {REMEMBER} | set(held)
    return replace(draft, tools=tuple(name for name in draft.tools if name in known))


async def set_active(user_id: UUID, agent_id: UUID, active: bool) -> None:
    """Switch an agent off or on.

    Raises:
        NoAgent: there is none that this person may change.
    """
    if agent_id in BUILT_IN:
        return await _set_built_in(user_id, agent_id, active)
    async with transaction() as session:
        old = await repository.editable(session, user_id, agent_id)
        if old is None:
            raise NoAgent
        await repository.change(session, user_id, agent_id, {"active": active})
        if old.owner_id is None:
            action = "switched_on" if active else "switched_off"
            await _note(session, user_id, action, agent_id, after={"name": old.name})
    return None


async def _set_built_in(user_id: UUID, agent_id: UUID, active: bool) -> None:
    async with transaction() as session:
        if not await repository.is_admin(session, user_id):
            raise NoAgent
    off = SWITCHED_OFF.value - {agent_id} if active else SWITCHED_OFF.value | {agent_id}
    await controls.change(SWITCHED_OFF, off, user_id)


async def delete(user_id: UUID, agent_id: UUID) -> None:
    """Delete an agent; for ``KEPT_DELETED`` it can be brought back.

    Raises:
        NoAgent: there is none that this person may change.
    """
    async with transaction() as session:
        old = await repository.editable(session, user_id, agent_id)
        if old is None or not await repository.set_deleted(session, user_id, agent_id, now()):
            raise NoAgent
        if old.owner_id is None:
            await _note(session, user_id, "deleted", agent_id, before={"name": old.name})


async def restore(user_id: UUID, agent_id: UUID) -> None:
    """Bring a deleted agent back.

    Raises:
        NoAgent: there is no such deleted agent that this person may change.
    """
    async with transaction() as session:
        if not await repository.set_deleted(session, user_id, agent_id, None):
            raise NoAgent
        back = await repository.editable(session, user_id, agent_id)
        if back and back.owner_id is None:
            await _note(session, user_id, "restored", agent_id, after={"name": back.name})


async def purge() -> None:
    """Remove for good what was deleted longer than ``KEPT_DELETED`` ago."""
    async with transaction() as session:
        await repository.purge_deleted(session, now() - KEPT_DELETED)


async def _audience(
    session: AsyncSession, user_id: UUID, audience: str
) -> tuple[UUID | None, UUID | None]:
    """Whose an agent is, and for which group."""
    if audience in (ME, ""):
        return user_id, None
    if not await repository.is_admin(session, user_id):
        raise AgentRefused(NO_AUDIENCE)
    if audience == ALL:
        return None, None
    try:
        group_id = UUID(audience)
    except ValueError:
        raise AgentRefused(NO_AUDIENCE) from None
    if not await repository.is_group(session, group_id):
        raise AgentRefused(NO_AUDIENCE)
    return None, group_id


async def _names(session: AsyncSession, user_id: UUID, but: UUID | None = None) -> set[str]:
    """The names of the agents that a person knows of."""
    known: Sequence[Agent] = [
        *await repository.agents(session, user_id),
        *(agent for agent, _ in await repository.organisations(session, user_id)),
        *BUILT_IN.values(),
    ]
    return {agent.name.casefold() for agent in known if agent.id != but}


async def _check_name(
    session: AsyncSession, user_id: UUID, name: str, but: UUID | None = None
) -> None:
    if name.casefold() in await _names(session, user_id, but):
        raise AgentRefused(f"There is an agent called {name} already. Please take another name.")


def _free_name(name: str, taken: set[str]) -> str:
    base = name[: LONGEST_NAME - len(" copy 99")].rstrip()
    numbered = (f"{base} copy {number}" for number in range(2, 2 * MOST_AGENTS))
    return next(each for each in (f"{base} copy", *numbered) if each.casefold() not in taken)


def _told(draft: Draft, group_id: UUID | None) -> dict[str, Any]:
    return draft.values | {"group": str(group_id or ""), "picture": str(draft.picture or "")}


async def _note(
    session: AsyncSession,
    user_id: UUID,
    action: Literal["created", "changed", "switched_on", "switched_off", "deleted", "restored"],
    agent_id: UUID,
    before: Any = None,
    after: Any = None,
) -> None:
    await audit.note(
        session,
        f"agents.{action}",
        by=user_id,
        subject=f"agent:{agent_id}",
        before=before,
        after=after,
    )
