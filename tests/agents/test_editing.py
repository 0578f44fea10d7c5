"""Agents are made, shared, changed, copied, switched off and deleted by whom they belong to."""

from typing import Any
from uuid import UUID

import pytest

from chatapp.accounts import groups
from chatapp.accounts.models import Role, User
from chatapp.agents import editing, repository, service
from chatapp.agents.builtin import BUILT_IN
from chatapp.agents.editing import ALL, ME, AgentRefused, Draft, NoAgent, draft_of
from chatapp.agents.service import REMEMBER
from chatapp.agents.tools import service as tools
from chatapp.agents.views import FormView, form_view
from chatapp.database import new_id, reading, transaction

CODER = next(agent for agent in BUILT_IN.values() if agent.name == "Coder")


@pytest.fixture
async def admin(ada: UUID) -> UUID:
    async with transaction() as session:
        user = await session.get_one(User, ada)
        user.role = Role.ADMIN
        session.add(user)
    return ada


async def names(user_id: UUID) -> list[str]:
    return [agent.name for agent in await service.choices(user_id)]


async def test_one_for_everyone_a_group_or_oneself_is_seen_by_those_alone(
    admin: UUID, eve: UUID
) -> None:
    group = await groups.create("Nurses")
    await editing.create(admin, Draft("House style"), ALL)
    await editing.create(admin, Draft("Ward"), str(group.id))
    await editing.create(admin, Draft("Diary"), ME)
    assert {"House style", "Ward", "Diary"} & set(await names(eve)) == {"House style"}
    await groups.add(group.id, [eve])
    assert {"House style", "Ward", "Diary"} & set(await names(eve)) == {"House style", "Ward"}
    await groups.take_out(group.id, [eve])
    assert "Ward" not in await names(eve)


async def test_only_admins_make_and_change_what_is_for_others(admin: UUID, eve: UUID) -> None:
    for audience in (ALL, str(new_id()), "nonsense"):
        with pytest.raises(AgentRefused):
            await editing.create(eve, Draft("Mine"), audience)
    shared = await editing.create(admin, Draft("House style"), ALL)
    own = await editing.create(eve, Draft("Own"))
    for done in (
        editing.change(eve, shared, Draft("taken")),
        editing.set_active(eve, shared, False),
        editing.set_active(eve, CODER.id, False),
        editing.delete(eve, shared),
    ):
        with pytest.raises(NoAgent):
            await done
    with pytest.raises(AgentRefused):
        await editing.change(eve, own, Draft("Own"), ALL)
    # Nor does an admin see or change what is a person's own.
    for done in (editing.change(admin, own, Draft("taken")), editing.delete(admin, own)):
        with pytest.raises(NoAgent):
            await done
    assert "Own" not in await names(admin)
    assert {"House style", "Own", "Coder"} <= set(await names(eve))


async def test_one_that_is_switched_off_or_deleted_is_offered_to_nobody_until_it_is_back(
    admin: UUID, eve: UUID
) -> None:
    shared = await editing.create(admin, Draft("House style"), ALL)
    for agent_id, name in ((shared, "House style"), (CODER.id, "Coder")):
        await editing.set_active(admin, agent_id, False)
        assert name not in await names(eve)
        async with reading() as session:
            assert await service.chosen(session, eve, agent_id) is None
        await editing.set_active(admin, agent_id, True)
        assert name in await names(eve)
    await editing.delete(admin, shared)
    assert "House style" not in await names(eve)
    await editing.restore(admin, shared)
    assert "House style" in await names(eve)


async def test_a_copy_is_ones_own_and_has_a_name_of_its_own(ada: UUID, eve: UUID) -> None:
    copies = [await editing.duplicate(ada, CODER.id) for _ in range(3)]
    assert {"Coder copy", "Coder copy 2", "Coder copy 3"} <= set(await names(ada))
    assert not any("copy" in name for name in await names(eve))
    async with reading() as session:
        brief = await service.chosen(session, ada, copies[0])
        assert await service.chosen(session, eve, copies[0]) is None
    assert brief
    assert (brief.instructions, brief.temperature) == (CODER.instructions, CODER.temperature)
    assert brief.personal


async def test_a_name_is_given_once_to_what_a_person_sees(ada: UUID, eve: UUID) -> None:
    made = await editing.create(ada, Draft("Poet"))
    for name in ("poet", "POET", "coder"):
        with pytest.raises(AgentRefused, match="already"):
            await editing.create(ada, Draft(name))
    await editing.change(ada, made, Draft("Poet", description="Rhymes."))
    await editing.create(eve, Draft("Poet"))


async def test_there_are_no_more_than_there_may_be(
    ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editing, "MOST_AGENTS", 2)
    await editing.create(ada, Draft("One"))
    await editing.create(ada, Draft("Two"))
    for more in (editing.create(ada, Draft("Three")), editing.duplicate(ada, CODER.id)):
        with pytest.raises(AgentRefused):
            await more


FORM: dict[str, Any] = {"name": "@ Poet ", "temperature": "0,5", "tool:calculator": "on"}
WRONG: dict[str, dict[str, Any]] = {
    "no name": {"name": " @ "},
    "a long name": {"name": "x" * 41},
    "long instructions": {"instructions": "x" * 8_001},
    "a wild temperature": {"temperature": "2.5"},
    "no number": {"temperature": "warm"},
    "not a number": {"temperature": "nan"},
    "many suggestions": {"suggestions": "\n".join("abcde")},
    "a long suggestion": {"suggestions": "x" * 201},
}


async def test_tools_that_are_away_for_a_while_are_kept_and_others_are_not_made_up(
    ada: UUID,
) -> None:
    ticked = {f"tool:{name}": "on" for name in ("calculator", "current_time", "made_up", REMEMBER)}
    made = await editing.create(ada, draft_of({"name": "Poet"} | ticked))
    assert (await form_of(ada, made))["tools"] == ["calculator", "current_time"]
    await tools.choose("calculator", on=False, by=None)
    form = await form_of(ada, made)
    assert form["away"] == [{"name": "calculator", "title": "Calculator"}]
    await editing.change(ada, made, draft_of({"name": "Poet", "emoji": "🪶"} | ticked))
    copy = await editing.duplicate(ada, made)
    for agent_id in (made, copy):
        assert (await form_of(ada, agent_id))["tools"] == ["calculator", "current_time"]
    # Another agent cannot be given it meanwhile, and this one can let it go.
    fresh = await editing.create(ada, draft_of({"name": "Other"} | ticked))
    await editing.change(ada, made, draft_of({"name": "Poet"}))
    await tools.choose("calculator", on=True, by=None)
    assert (await form_of(ada, fresh))["tools"] == ["current_time"]
    assert (await form_of(ada, made))["tools"] == []
    assert (await form_of(ada, copy))["away"] == []


async def test_nobody_saves_over_what_they_have_not_seen(ada: UUID) -> None:
    made = await editing.create(ada, Draft("Poet"))
    seen = (await form_of(ada, made))["version"]
    await editing.change(ada, made, Draft("Poet", description="Rhymes."), seen=seen)
    with pytest.raises(AgentRefused, match="nothing was saved"):
        await editing.change(ada, made, Draft("Poet", description="Sings."), seen=seen)
    form = await form_of(ada, made)
    assert form["description"] == "Rhymes."
    await editing.change(ada, made, Draft("Poet", description="Sings."), seen=form["version"])


async def form_of(user_id: UUID, agent_id: UUID) -> FormView:
    async with reading() as session:
        agent = await repository.editable(session, user_id, agent_id)
    assert agent
    return form_view(agent, editable=True)


def test_a_form_is_read_as_it_is_meant() -> None:
    more = {"tool:": "", "tier": "none", "user_id": "x"}
    draft = draft_of(FORM | more | {"suggestions": "One\n\n Two \n"})
    assert draft == Draft(
        "Poet", tools=("calculator",), temperature=0.5, suggestions=("One", "Two")
    )


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_kept_is_refused_in_words(case: str) -> None:
    with pytest.raises(AgentRefused) as refused:
        draft_of(FORM | WRONG[case])
    assert str(refused.value).endswith((".", "first"))
