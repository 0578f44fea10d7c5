"""Whose groups name tiers is answered by those, whatever is asked for and whatever was before."""

from uuid import UUID

import pytest

from chatapp.accounts import groups
from chatapp.answers import asking, service
from chatapp.answers.hub import Hub
from chatapp.answers.process import Process
from chatapp.answers.queueing import Refused
from chatapp.answers.request import request_for
from chatapp.chats.service import NotFound
from chatapp.database import new_id
from chatapp.limits import admin, degradation, policy, tiers
from chatapp.limits.degradation import Step
from tests.answers.world import ask, finished, messages, row, screen


@pytest.fixture(autouse=True)
def _two_tiers(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (tiers, degradation):
        monkeypatch.setattr(module, "tiers", lambda: ("fast", "smart"))
    for module in (service, degradation):
        monkeypatch.setattr(module, "smaller_tiers", lambda tier: ("fast",) * (tier == "smart"))


async def test_a_tier_that_was_taken_away_is_refused_and_gives_way_to_another(
    process: Process, hub: Hub, ada: UUID
) -> None:
    await policy.load()
    text, runner = "[[say 3 words]]", process.runner
    asked = await asking.ask(runner, ada, None, text, new_id(), "smart")
    await finished(process)
    team = await groups.create("Team")
    await groups.add(team.id, [ada])
    async with hub.running(), screen(hub, ada, asked.chat_id) as shown:
        chat = f"c:{asked.chat_id}"
        assert shown.values["tiers"] == ["", "fast", "smart"]
        assert (shown.values[chat]["tier"], shown.values[chat]["taken"]) == ("smart", "")
        await admin.set_tiers(team.id, ["fast"], None)
        await shown.until(lambda s: s.values["tiers"] == [])
        assert shown.values[chat]["tier"] == "fast"
        assert "Smart cannot be chosen any more: Fast answers" in shown.values[chat]["taken"]
    before = len(await messages(ada))
    with pytest.raises(Refused, match="Smart is not among the models that your groups may use"):
        await asking.ask(runner, ada, asked.chat_id, text, new_id(), "smart")
    assert len(await messages(ada)) == before
    # Neither the other answer to the same question nor the next question are refused.
    again = await asking.ask_again(runner, ada, asked.answer_id)
    await finished(process)
    more = await ask(process, ada, text, asked.chat_id)
    await finished(process)
    assert [(await row(each.answer_id))[1].tier for each in (again, more)] == ["fast", "fast"]


async def test_no_saving_and_no_line_leads_to_a_tier_that_one_may_not_use(
    process: Process, ada: UUID
) -> None:
    team = await groups.create("Team")
    await groups.add(team.id, [ada])
    await policy.load()
    asked = await ask(process, ada, "[[say 3 words]]")
    await finished(process)
    small = await request_for(ada, asked.question_id, "smart", Step.SMALL_MODEL)
    assert small.tier == "fast"
    await admin.set_tiers(team.id, ["smart"], None)
    small = await request_for(ada, asked.question_id, "smart", Step.SMALL_MODEL)
    assert small.tier == "smart"
    with pytest.raises(NotFound):
        await service.use_smaller(process.runner, ada, asked.answer_id, "fast")
