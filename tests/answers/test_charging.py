"""Asking under limits: charged once, given back when it failed, kept in the ledger."""

import asyncio
import inspect
import re
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import col, select

from chatapp.answers import asking, queueing, service
from chatapp.answers.charging import Charge
from chatapp.answers.process import Process
from chatapp.answers.queueing import Asked, Refused
from chatapp.chats.models import Status
from chatapp.chats.service import NotFound
from chatapp.database import new_id, reading
from chatapp.limits.ledger import UNASKED
from chatapp.limits.models import ProviderAttempt, UsageDay
from chatapp.limits.service import OverLimit
from chatapp.settings import settings
from tests.answers.world import ask, finished, messages, row
from tests.fakes import ProviderServer
from tests.limits.world import allow, books


async def attempts(user_id: UUID) -> list[ProviderAttempt]:
    async with reading() as session:
        found = await session.exec(
            select(ProviderAttempt)
            .where(ProviderAttempt.user_id == user_id)
            .order_by(col(ProviderAttempt.id))
        )
        return list(found)


async def test_a_question_over_the_limit_is_not_kept_and_changes_nothing(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await allow(ada, questions_a_day=1)
    first = await ask(process, ada, "[[say 3 words]]")
    await finished(process)
    before = await books(ada), [message.id for message in await messages(ada)]
    with pytest.raises(OverLimit):
        await ask(process, ada, "one too many", first.chat_id)
    with pytest.raises(OverLimit):
        await ask(process, ada, "one too many")
    with pytest.raises(OverLimit):
        await asking.ask_again(process.runner, ada, first.answer_id)
    assert (await books(ada), [message.id for message in await messages(ada)]) == before
    assert len(await fakes.requests()) == 1


async def test_a_question_sent_again_is_answered_though_nothing_is_left(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await allow(ada, questions_a_day=1, answers_at_once=1)
    client_id = new_id()
    asked = await asyncio.gather(
        *(ask(process, ada, "[[say 3 words]]", client_id=client_id) for _ in range(10))
    )
    await finished(process)
    later = await ask(process, ada, "[[say 3 words]]", client_id=client_id)
    assert {*asked, later} == {asked[0]}
    assert (await books(ada))["day_questions"] == 1
    assert len(await fakes.requests()) == 1


async def test_what_cannot_be_kept_is_not_charged(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await allow(ada, questions_a_day=2, questions_a_minute=1, questions_in_a_row=2)
    for _ in range(3):
        with pytest.raises(NotFound):
            await ask(process, ada, "to nowhere", new_id())
    await fakes.set(fault={"kind": "stall"})
    first = await ask(process, ada, "a question")
    await fakes.wait(received=1)
    for _ in range(3):
        with pytest.raises(Refused):
            await ask(process, ada, "too early", first.chat_id)
    await service.stop(process.runner, ada, first.answer_id)
    await finished(process)
    await fakes.reset()
    await ask(process, ada, "[[say 3 words]] again", first.chat_id)
    await finished(process)
    counts = await books(ada)
    assert (counts["day_questions"], counts["places"]) == (2, 0)


async def test_an_answer_that_failed_consumes_nothing_and_its_attempts_are_known(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await allow(ada, questions_a_day=1, questions_a_minute=1, questions_in_a_row=1)
    await fakes.set(fault={"kind": "http_500"})
    failed = await ask(process, ada, "in vain")
    await finished(process)
    assert (await row(failed.answer_id))[0].status == Status.FAILED
    tried = await attempts(ada)
    assert {each.outcome for each in tried} == {"fail"}
    assert {each.account for each in tried} == {"groq", "google"}
    assert {each.answer_id for each in tried} == {failed.answer_id}
    await fakes.reset()
    await asking.ask_again(process.runner, ada, failed.answer_id)
    await finished(process)
    assert (await books(ada))["day_questions"] == 1
    with pytest.raises(OverLimit):
        await ask(process, ada, "one too many")


async def test_a_stopped_answer_counts_with_about_what_it_used(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await allow(ada, tokens_a_day=100_000)
    await fakes.set(text="One two three four", fault={"kind": "stall_after", "after": 3})
    asked = await ask(process, ada, "a question")
    await fakes.wait(received=1)
    async with asyncio.timeout(15):
        while not (await attempts(ada)):
            await service.stop(process.runner, ada, asked.answer_id)
            await finished(process)
    (attempt,) = await attempts(ada)
    assert attempt.outcome == "stopped"
    counts = await books(ada)
    assert counts["day_questions"] == 1
    assert 0 < counts["day_tokens"] < 200


async def test_the_ledger_outlives_the_chat_and_nothing_is_given_back(
    process: Process, ada: UUID
) -> None:
    await allow(ada, questions_a_day=1)
    asked = await ask(process, ada, "[[say 3 words]]")
    await finished(process)
    await service.delete_chat(process.runner, ada, asked.chat_id)
    (attempt,) = await attempts(ada)
    _message, answer = await row(asked.answer_id)
    assert attempt.prompt_tokens == answer.prompt_tokens > 0
    assert attempt.completion_tokens == answer.completion_tokens > 0
    async with reading() as session:
        (day,) = (await session.exec(select(UsageDay).where(UsageDay.user_id == ada))).all()
    assert (day.attempts, day.questions, day.member) == (1, 1, attempt.member)
    assert day.prompt_tokens == attempt.prompt_tokens
    counts = await books(ada)
    assert counts["day_questions"] == 1
    assert counts["month_tokens"] == answer.prompt_tokens + answer.completion_tokens
    with pytest.raises(OverLimit):
        await ask(process, ada, "one too many")


async def test_an_answer_that_cost_nothing_is_in_the_ledger_as_well(
    process: Process, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "answer_cache", True)
    await ask(process, ada, "[[say 3 words]]")
    await finished(process)
    again = await ask(process, ada, "[[say 3 words]]")
    await finished(process)
    _message, answer = await row(again.answer_id)
    async with reading() as session:
        found = (await session.exec(select(UsageDay).where(UsageDay.user_id == ada))).all()
    days = {day.member: day for day in found}
    saved = answer.saved_prompt_tokens + answer.saved_completion_tokens
    assert (days[UNASKED].questions, days[UNASKED].attempts) == (1, 0)
    assert days[UNASKED].saved_tokens == saved > 0
    assert sum(day.questions for day in found) == (await books(ada))["day_questions"] == 2


def test_there_is_no_way_to_ask_but_these_which_are_charged() -> None:
    """Whatever asks, a page or an API, in a chat that stays or in none: it comes through here."""
    told = {
        name
        for name, each in vars(asking).items()
        if inspect.iscoroutinefunction(each) and each.__module__ == asking.__name__
        if inspect.signature(each).return_annotation is Asked
    }
    assert {name for name in told if not name.startswith("_")} == {"ask", "ask_again", "edit"}
    assert inspect.signature(queueing.queue).parameters["charge"].annotation is Charge
    package = Path(asking.__file__).parents[1]
    beginning = {
        file.relative_to(package).as_posix()
        for file in package.rglob("*.py")
        if re.search(r"\bAnswer\(\n|\brunner\.start\(", file.read_text())
    }
    assert beginning == {"answers/queueing.py"}


async def test_without_redis_limits_go_on_by_what_the_database_has(
    process: Process, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await allow(ada, questions_a_day=2)
    await ask(process, ada, "[[say 3 words]]")
    await finished(process)

    def away() -> None:
        raise ConnectionError

    monkeypatch.setattr(process.runner.limiter._shared, "_client", away)
    await ask(process, ada, "[[say 4 words]]")
    await finished(process)
    with pytest.raises(OverLimit):
        await ask(process, ada, "one too many")
    monkeypatch.undo()
    with pytest.raises(OverLimit):
        await ask(process, ada, "one too many")
