"""What people do with agents, and what an answer is told of the one that is asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.agents import persona, repository
from chatapp.agents.builtin import BUILT_IN, is_on
from chatapp.agents.models import Agent
from chatapp.controls import Control
from chatapp.database import reading
from chatapp.pool.service import tiers

KEPT_DELETED = timedelta(days=1)
"""How long a deleted agent can be brought back."""

LONGEST_RULES = 4_000
"""The length, in characters, of the organisation's instructions."""

HOUSE_RULES = Control(
    "agents.house_rules",
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_RULES)],
    "",
    "Instructions of the organisation that every model is given before every chat.",
)

REMEMBER = "remember"
"""The name of the tool that writes into the memory of a person."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What an answer is told of the agent that is asked, and of the person who asks."""

    agent_id: UUID | None = None
    name: str = ""
    emoji: str = ""
    picture: UUID | None = None
    """The id of its picture, in place of the emoji."""
    instructions: str = ""
    """The agent's."""
    tier: str | None = None
    tools: tuple[str, ...] = ()
    """The names of those in the catalogue that may be used."""
    temperature: float | None = None
    personal: bool = False
    """Whether an answer is its person's alone: the agent is not everyone's, or ``about`` is set."""
    about: str = ""
    """What the person has written for all answers, and what is remembered."""

    @property
    def label(self) -> str:
        """The agent as people read it."""
        return label_of(self.emoji, self.name, self.picture)


def label_of(emoji: str, name: str, picture: UUID | None) -> str:
    """An agent as people read it, beside its picture if it has one."""
    return name if picture else f"{emoji} {name}".strip()


PLAIN = Brief()
"""No agent is asked."""


async def brief_of(session: AsyncSession, user_id: UUID, agent_id: UUID | None) -> Brief:
    """What an answer to a person is told. An agent that is gone or switched off is not asked.

    It asks the database for nothing when no agent that somebody made is asked and the person has
    written nothing.
    """
    brief = await chosen(session, user_id, agent_id) or PLAIN
    context = await persona.context_of(session, user_id)
    tools = brief.tools
    if tools and context.remembers:
        tools = (*tools, REMEMBER)
    personal = brief.personal or bool(context.text)
    return replace(brief, tools=tools, personal=personal, about=context.text)


async def chosen(session: AsyncSession, user_id: UUID, agent_id: UUID | None) -> Brief | None:
    """An agent that a person may ask now, without anything of the person; None: there is none."""
    if agent_id is None:
        return None
    agent = BUILT_IN.get(agent_id) or await repository.agent(session, user_id, agent_id)
    return _brief(agent) if agent and is_on(agent) else None


async def shown(user_id: UUID, agent_id: UUID) -> Agent | None:
    """The agent of a chat, switched off or not; None: it is gone, or no more for this person."""
    if agent := BUILT_IN.get(agent_id):
        return agent
    async with reading() as session:
        return await repository.agent(session, user_id, agent_id)


async def named(session: AsyncSession, user_id: UUID, question: str) -> Brief | None:
    """The agent whose name stands behind an @ in a question, if one does; of several the first.

    Not within a word, an address or code: there an @ means something else.
    """
    if "@" not in question or not _AT.search(words := _CODE.sub(" ", question)):
        return None
    found = choices_in(await repository.agents(session, user_id))
    # The longest first: “Writer” does not hide “Writer for customers”.
    longest = sorted((agent.name for agent in found), key=len, reverse=True)
    names = "|".join(map(re.escape, longest))
    at = re.search(rf"{_AT.pattern}(?P<name>{names}){_END}", words, re.IGNORECASE)
    if at is None:
        return None
    name = at["name"].casefold()
    return next((_brief(agent) for agent in found if agent.name.casefold() == name), None)


_AT = re.compile(r"(?<![\w@.+/-])@(?=\S)")
_END = r"(?![\w@/]|[.-]\w)"
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)


async def choices(user_id: UUID) -> list[Agent]:
    """The agents that a person may ask, one's own first, no two of one name."""
    async with reading() as session:
        return choices_in(await repository.agents(session, user_id))


def choices_in(found: Sequence[Agent]) -> list[Agent]:
    """Those that may be asked of all that a person may know of; of two of one name the nearer."""
    names: dict[str, Agent] = {}
    for agent in (*found, *BUILT_IN.values()):
        if is_on(agent):
            names.setdefault(agent.name.casefold(), agent)
    return list(names.values())


def _brief(agent: Agent) -> Brief:
    return Brief(
        agent.id,
        agent.name,
        agent.emoji,
        agent.picture,
        agent.instructions,
        agent.tier if agent.tier in tiers() else None,
        tuple(agent.tools),
        agent.temperature,
        personal=agent.owner_id is not None or agent.group_id is not None,
    )
