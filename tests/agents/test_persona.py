"""What answers know of a person is what the person reads, and no more than they allow."""

from typing import cast
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.agents import persona, service
from chatapp.agents.models import Author
from chatapp.agents.persona import MOST_ENTRIES, NotKept
from chatapp.agents.tools.catalogue import Caller, ToolProblem, built
from chatapp.database import reading

NOWHERE = cast("AsyncSession", None)
"""A database of which nothing can be asked."""


async def about(user_id: UUID) -> str:
    async with reading() as session:
        return (await persona.context_of(session, user_id)).text


async def test_a_question_of_who_has_written_nothing_asks_the_database_nothing(ada: UUID) -> None:
    assert await service.brief_of(NOWHERE, ada, None) == service.PLAIN
    writer = await service.brief_of(NOWHERE, ada, next(iter(service.BUILT_IN)))
    assert writer.name == "Writer"
    assert not writer.personal


async def test_another_process_learns_who_has_written_something(ada: UUID) -> None:
    await persona.write(ada, "I keep bees.", "")
    persona._known.cache_clear()
    assert await about(ada) == ""
    await persona.load()
    assert "bees" in await about(ada)


async def test_the_memory_is_off_until_it_is_switched_on_and_stays_what_the_person_made_it(
    ada: UUID,
) -> None:
    await persona.remember(ada, "Lives in Ghent")
    await persona.remember(ada, "Prefers  trains\nto planes")
    assert await about(ada) == ""
    await persona.set_remembers(ada, True)
    assert "- Lives in Ghent\n- Prefers trains to planes" in await about(ada)
    _, (first, second) = await persona.persona(ada)
    assert await persona.rewrite(ada, first.id, "Lives in Bruges")
    assert await persona.delete(ada, second.id)
    assert (await about(ada)).endswith("- Lives in Bruges")
    await persona.set_remembers(ada, False)
    assert await about(ada) == ""
    await persona.delete_all(ada)
    assert list((await persona.persona(ada))[1]) == []


async def test_an_agent_with_tools_may_remember_while_the_memory_is_on(ada: UUID) -> None:
    maths = next(each.id for each in service.BUILT_IN.values() if each.name == "Maths")
    writer = next(each.id for each in service.BUILT_IN.values() if each.name == "Writer")

    async def tools(agent_id: UUID) -> tuple[str, ...]:
        async with reading() as session:
            return (await service.brief_of(session, ada, agent_id)).tools

    (remember,) = built([service.REMEMBER], Caller(ada))
    with pytest.raises(ToolProblem, match="off"):
        await remember.ainvoke({"fact": "Lives in Ghent"})
    assert service.REMEMBER not in await tools(maths)
    await persona.set_remembers(ada, True)
    assert service.REMEMBER in await tools(maths)
    assert await tools(writer) == ()
    assert await remember.ainvoke({"fact": "Lives in Ghent"}) == "Remembered: Lives in Ghent"
    with pytest.raises(ToolProblem, match="already"):
        await remember.ainvoke({"fact": "lives in ghent"})
    _, (entry,) = await persona.persona(ada)
    assert entry.author == Author.MODEL


async def test_what_is_too_long_or_too_much_is_refused_in_words(ada: UUID) -> None:
    for text in ("", " \n", "x" * 201):
        with pytest.raises(NotKept):
            await persona.remember(ada, text)
    with pytest.raises(NotKept, match="1,500"):
        await persona.write(ada, "", "x" * 1_501)
    for number in range(MOST_ENTRIES):
        await persona.remember(ada, f"Fact {number}")
    with pytest.raises(NotKept, match="full"):
        await persona.remember(ada, "One more")
