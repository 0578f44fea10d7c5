"""Another person's agents, instructions and memory do not exist, whatever one asks for."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.agents import belongings, editing, persona, persona_repository, repository, service
from chatapp.agents.editing import Draft, NoAgent
from chatapp.agents.models import Agent, Memory, Persona
from chatapp.database import new_id, now, reading, transaction
from tests.chats.test_owner import functions

Try = Callable[[AsyncSession, UUID, UUID, UUID], Awaitable[object]]
"""With who asks, the agent and the entry of the memory."""

# What each function gives to who is not the owner. One that is missing here fails the test below.
AGENTS: dict[str, tuple[Try, object]] = {
    "agent": (lambda s, who, agent, _: repository.agent(s, who, agent), None),
    "agents": (lambda s, who, *_: repository.agents(s, who), []),
    "editable": (lambda s, who, agent, _: repository.editable(s, who, agent), None),
    "count": (lambda s, who, *_: repository.count(s, who), 0),
    "own": (lambda s, who, *_: repository.own(s, who), []),
    "change": (
        lambda s, who, agent, _: repository.change(s, who, agent, {"name": "mine now"}),
        False,
    ),
    "set_deleted": (
        lambda s, who, agent, _: repository.set_deleted(s, who, agent, now()),
        False,
    ),
}
PERSONAS: dict[str, tuple[Try, object]] = {
    "read": (lambda s, who, *_: persona_repository.read(s, who), None),
    "persona": (lambda s, who, *_: persona_repository.persona(s, who), None),
    "memories": (lambda s, who, *_: persona_repository.memories(s, who), []),
    "rewrite": (lambda s, who, _, m: persona_repository.rewrite(s, who, m, "mine now"), False),
    "delete_memory": (lambda s, who, _, m: persona_repository.delete_memory(s, who, m), False),
}
ELSEWHERE = {
    repository: {
        "organisations",  # below: it is nobody's own
        "is_admin",
        "is_group",
        "purge_deleted",  # what anybody deleted long ago
        "remove_all",  # below
        # Pictures: tests/agents/test_pictures.py.
        "picture",
        "add_picture",
        "set_picture",
        "purge_pictures",
        "own_pictures",
    },
    # They write into what is the caller's own, and are tried below; and who has written anything.
    persona_repository: {
        "locked",
        "set_persona",
        "delete_persona",
        "delete_memories",
        "writers",
    },
}


@pytest.mark.parametrize(
    ("module", "known"), [(repository, AGENTS), (persona_repository, PERSONAS)]
)
def test_every_function_of_the_repositories_is_tried_below(
    module: Any, known: dict[str, object]
) -> None:
    assert functions(module) == set(known) | ELSEWHERE[module]
    for name in known:
        assert "user_id" in inspect.signature(getattr(module, name)).parameters


@dataclass(frozen=True, slots=True)
class Adas:
    """What ada has."""

    agent: UUID
    memory: UUID


@pytest.fixture
async def adas(ada: UUID) -> Adas:
    agent = await editing.create(ada, Draft("Poet", instructions="Rhyme."))
    await persona.write(ada, "I keep bees.", "")
    await persona.remember(ada, "Lives in Ghent")
    _, entries = await persona.persona(ada)
    return Adas(agent, entries[0].id)


async def rows(user_id: UUID) -> list[object]:
    async with reading() as session:
        found = [
            *await session.exec(select(Agent).where(Agent.owner_id == user_id)),
            *await session.exec(select(Persona).where(Persona.user_id == user_id)),
            *await session.exec(select(Memory).where(Memory.user_id == user_id)),
        ]
    return [dict(row) for row in found]


@pytest.mark.parametrize("name", AGENTS | PERSONAS)
async def test_another_person_finds_and_changes_nothing(
    ada: UUID, eve: UUID, adas: Adas, name: str
) -> None:
    tried, nothing = (AGENTS | PERSONAS)[name]
    before = await rows(ada)
    async with transaction() as session:
        found = await tried(session, eve, adas.agent, adas.memory)
        assert (list(found) if isinstance(nothing, list) else found) == nothing  # pyright: ignore
    assert await rows(ada) == before
    # The same call of the owner finds something: the test looks where there is something.
    async with transaction() as session:
        assert await tried(session, ada, adas.agent, adas.memory)


DONE: dict[str, Callable[[UUID, UUID], Awaitable[object]]] = {
    "change": lambda who, agent: editing.change(who, agent, Draft("mine")),
    "duplicate": editing.duplicate,
    "set_active": lambda who, agent: editing.set_active(who, agent, False),
    "delete": editing.delete,
    "restore": editing.restore,
}


@pytest.mark.parametrize("name", DONE)
async def test_the_reply_is_the_same_as_for_what_does_not_exist(
    ada: UUID, eve: UUID, adas: Adas, name: str
) -> None:
    if name == "restore":
        await editing.delete(ada, adas.agent)
    before = await rows(ada)
    for agent in (adas.agent, new_id()):
        with pytest.raises(NoAgent) as refused:
            await DONE[name](eve, agent)
        assert str(refused.value) == ""
    assert await rows(ada) == before
    assert await service.shown(eve, adas.agent) is None
    assert "Poet" not in {agent.name for agent in await service.choices(eve)}


async def test_who_leaves_takes_what_is_theirs_and_nothing_else(
    ada: UUID, eve: UUID, adas: Adas
) -> None:
    await persona.write(eve, "I keep cats.", "")
    await persona.remember(eve, "Lives in Bruges")
    await editing.create(eve, Draft("Painter"))
    before = await rows(eve)
    async with reading() as session:
        copy = await belongings.export(session, ada)
    assert copy["about"] == "I keep bees."
    assert [entry["text"] for entry in copy["memory"]] == ["Lives in Ghent"]
    assert [agent["instructions"] for agent in copy["agents"]] == ["Rhyme."]
    async with transaction() as session:
        await belongings.forget(session, ada)
    assert await rows(ada) == []
    assert await rows(eve) == before
