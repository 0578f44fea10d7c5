"""The agent that is asked decides the answer; what is a person's own reaches nobody else."""

from typing import Any
from uuid import UUID

import pytest
from langchain_core.messages import SystemMessage

from chatapp import controls
from chatapp.agents import persona
from chatapp.agents import service as agents
from chatapp.agents.builtin import BUILT_IN, SWITCHED_OFF
from chatapp.agents.models import Agent
from chatapp.agents.service import HOUSE_RULES
from chatapp.answers import asking, cache, queueing
from chatapp.answers.asking import NO_AGENT
from chatapp.answers.cache import Scope, place_of
from chatapp.answers.process import Process
from chatapp.answers.prompt import BUDGET, RULES, prompt
from chatapp.answers.queueing import Refused
from chatapp.answers.request import Request, request_for
from chatapp.answers.views import message_view
from chatapp.chats import service as chats
from chatapp.database import new_id, reading, transaction
from chatapp.pool.content import estimated_tokens
from tests.answers.world import ask, finished, messages, row, screen
from tests.fakes import ProviderServer

WRITER = next(agent for agent in BUILT_IN.values() if agent.name == "Writer")
MATHS = next(agent for agent in BUILT_IN.values() if agent.name == "Maths")


async def agent(owner_id: UUID | None, name: str = "Poet", **values: Any) -> Agent:
    given = {"emoji": "🪶", "instructions": "Speak in rhymes.", "temperature": 0.4} | values
    made = Agent(owner_id=owner_id, name=name, **given)
    async with transaction() as session:
        session.add(made)
    return made


def system(request: dict[str, Any]) -> str:
    body = request["body"]
    if "contents" in body:
        return body["systemInstruction"]["parts"][0]["text"]
    return body["messages"][0]["content"]


def temperature(request: dict[str, Any]) -> float | None:
    body = request["body"]
    return body.get("temperature", body.get("generationConfig", {}).get("temperature"))


async def request_of(asked: queueing.Asked, who: UUID) -> Request:
    _, answer = await row(asked.answer_id)
    return await request_for(who, asked.question_id, answer.tier, agent_id=answer.agent_id)


async def test_its_instructions_its_models_and_its_temperature_make_the_answer(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    poet = await agent(ada, tier="fast")
    asked = await ask(process, ada, "Sing", agent_id=poet.id)
    await finished(process)
    await ask(process, ada, "And again", asked.chat_id)
    await finished(process)
    for request in await fakes.requests():
        assert system(request).startswith(RULES)
        assert system(request).endswith("Speak in rhymes.")
        assert temperature(request) == 0.4
    message, answer = await row(asked.answer_id)
    assert (answer.agent_id, answer.agent, answer.tier) == (poet.id, "🪶 Poet", "fast")
    assert message_view(message, answer)["agent"] == "🪶 Poet"
    assert (await chats.open_chat(ada, asked.chat_id)).chat.agent_id == poet.id


async def test_a_name_behind_an_at_asks_that_agent_for_one_question(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await agent(ada, "Writer of odes", instructions="Odes only.")
    asked = await ask(process, ada, "@writer shorten this")
    await finished(process)
    async with screen(process.hub, ada, asked.chat_id) as tab:
        again = await ask(process, ada, "@Writer of Odes: to the sea", asked.chat_id)
        view = await tab.ended(again.answer_id)
        assert view["agent"] == "🪶 Writer of odes"
    plain = await ask(process, ada, "@writers are people", asked.chat_id)
    await finished(process)
    assert [(await row(each.answer_id))[1].agent for each in (asked, again, plain)] == [
        WRITER.emoji + " Writer",
        "🪶 Writer of odes",
        "",
    ]
    first, second, third = await fakes.requests()
    assert "You are an editor." in system(first)
    assert system(second).endswith("Odes only.")
    assert system(third) == RULES


@pytest.mark.parametrize(
    ("question", "asked"),
    {
        "Please @Poet, sing": "Poet",
        "Sing (@poet).": "Poet",
        "Sing\n@POET": "Poet",
        "@Poet of odes or @Writer?": "Poet of odes",
        "Shall @Writer or @Poet begin?": "Writer",
        "Write to ada@poet or a.b@poet.example": None,
        "Install @poet/core with npm": None,
        "See @poet.example and @poet-x and @poets and @poet_x": None,
        "What does `@Poet` do, and\n```\n@Poet\ndef sing():\n```": None,
        "Meet me @ Poet": None,
        "@nobody": None,
    }.items(),
)
async def test_the_name_may_stand_anywhere_but_in_a_word_an_address_or_code(
    ada: UUID, question: str, asked: str | None
) -> None:
    await agent(ada)
    await agent(ada, "Poet of odes")
    async with reading() as session:
        brief = await agents.named(session, ada, question)
    assert (brief.name if brief else None) == asked


async def test_somebody_elses_agent_is_as_one_that_does_not_exist(
    process: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    hers = await agent(ada)
    for agent_id in (hers.id, new_id()):
        with pytest.raises(Refused, match=NO_AGENT):
            await ask(process, eve, "Sing", agent_id=agent_id)
    assert await messages(eve) == []
    asked = await ask(process, eve, "@Poet sing")
    await finished(process)
    assert (await row(asked.answer_id))[1].agent == ""
    (request,) = await fakes.requests()
    assert system(request) == RULES


async def test_a_chat_goes_on_without_an_agent_that_was_switched_off(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    asked = await ask(process, ada, "Write", agent_id=WRITER.id)
    await finished(process)
    await controls.change(SWITCHED_OFF, {WRITER.id}, None)
    again = await ask(process, ada, "Write on", asked.chat_id)
    repeated = None
    await finished(process)
    repeated = await asking.ask_again(process.runner, ada, again.answer_id)
    await finished(process)
    with pytest.raises(Refused, match=NO_AGENT):
        await ask(process, ada, "Write", agent_id=WRITER.id)
    assert (await row(asked.answer_id))[1].agent == WRITER.emoji + " Writer"
    assert (await row(again.answer_id))[1].agent == ""
    assert (await row(repeated.answer_id))[1].agent == ""
    assert [system(each) == RULES for each in await fakes.requests()] == [False, True, True]


async def test_a_new_answer_comes_from_the_agent_of_the_old_one(
    process: Process, ada: UUID
) -> None:
    asked = await ask(process, ada, "@Writer shorten this")
    await finished(process)
    again = await asking.ask_again(process.runner, ada, asked.answer_id)
    await finished(process)
    assert (await row(again.answer_id))[1].agent_id == WRITER.id


async def test_what_the_organisation_says_comes_before_every_chat_and_stays_shared(
    caching: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await controls.change(HOUSE_RULES, "We sell garden tools.", None)
    asked = await ask(caching, ada, "Who are you?")
    await finished(caching)
    (request,) = await fakes.requests()
    assert system(request) == f"{RULES}\n\nWe sell garden tools."
    place = place_of(await request_of(asked, ada))
    assert place
    assert place.scope is Scope.SHARED
    # Said otherwise, they are another question: no answer of before is given again.
    await controls.change(HOUSE_RULES, "We sell garden chairs.", None)
    again = await ask(caching, ada, "Who are you?")
    await finished(caching)
    other = place_of(await request_of(again, ada))
    assert other
    assert other.scope is Scope.SHARED
    assert other.name != place.name
    assert len(await fakes.requests()) == 2


async def test_what_a_person_has_written_is_in_their_prompts_and_in_nobody_elses(
    process: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    await persona.write(ada, "I keep bees.", "Like a pirate.")
    await persona.remember(ada, "Lives in Ghent")
    for who in (ada, eve):
        await ask(process, who, "Hello")
        await finished(process)
    await persona.set_remembers(ada, True)
    await ask(process, ada, "Hello")
    await finished(process)
    hers, eves, later = map(system, await fakes.requests())
    assert hers.startswith(RULES)
    assert "I keep bees." in hers
    assert "Like a pirate." in hers
    assert "Ghent" not in hers  # the memory is off until it is switched on
    assert "- Lives in Ghent" in later
    assert eves == RULES


async def test_no_two_personal_contexts_ever_meet_in_the_cache(
    caching: Process, ada: UUID, eve: UUID
) -> None:
    """Equal words of two people, and a private agent like another one, are kept apart."""
    ours = await agent(None)
    cases: dict[str, Request] = {}
    for name, who in (("ada", ada), ("eve", eve)):
        plain = await ask(caching, who, "Why?")
        shared = await ask(caching, who, "Why?", agent_id=ours.id)
        private = await ask(caching, who, "Why?", agent_id=(await agent(who)).id)
        tools = await ask(caching, who, "Why?", agent_id=MATHS.id)
        await finished(caching)
        cases |= {
            f"plain {name}": await request_of(plain, who),
            f"shared {name}": await request_of(shared, who),
            f"private {name}": await request_of(private, who),
            f"tools {name}": await request_of(tools, who),
        }
        await persona.write(who, "I keep bees.", "")
        cases[f"about {name}"] = await request_of(plain, who)
        cases[f"shared about {name}"] = await request_of(shared, who)
        await persona.write(who, "", "")
        await persona.remember(who, "Lives in Ghent")
        await persona.set_remembers(who, True)
        cases[f"memory {name}"] = await request_of(plain, who)
    places = {name: place_of(request) for name, request in cases.items()}
    for case in ("plain", "shared"):
        assert places[f"{case} ada"] == places[f"{case} eve"]
        assert places[f"{case} ada"].scope is Scope.SHARED  # pyright: ignore
    # What tools gave is of its moment: it is never given again, not even to who asked.
    assert not places.pop("tools ada")
    assert not places.pop("tools eve")
    for case in ("private", "about", "shared about", "memory"):
        for name in ("ada", "eve"):
            assert places[f"{case} {name}"].scope is Scope.PERSON, case  # pyright: ignore
    assert len({place.name for place in places.values() if place}) == len(places) - 2


def test_a_request_whose_rules_are_not_everybodys_is_never_shared() -> None:
    """Also if whoever builds it forgets to say that it is personal."""
    request = Request(new_id(), (SystemMessage(f"{RULES}\n\nI keep bees."), SystemMessage("x")))
    assert not cache.impersonal(request)


async def test_instructions_and_memory_count_in_the_budget(
    process: Process, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BUDGET, "default", 800)
    asked = await ask(process, ada, "Hello")
    await finished(process)
    for number in range(8):
        asked = await ask(process, ada, f"Question {number} {'long ' * 40}", asked.chat_id)
        await finished(process)
    before = await prompt(ada, asked.question_id)
    await persona.write(ada, "I keep bees. " * 100, "")
    after = await prompt(ada, asked.question_id)
    assert len(after.messages) < len(before.messages)
    assert after.messages[-1] == before.messages[-1]
    assert estimated_tokens(after.messages, {}) <= 800 + estimated_tokens(
        [SystemMessage(RULES), after.messages[-1]], {}
    )
