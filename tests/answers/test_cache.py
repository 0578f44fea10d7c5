"""An answer is given again to whom it may be given, says so, and is forgotten when it must be."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from chatapp import controls
from chatapp.answers import asking, cache, hearing, log, making, service
from chatapp.answers.cache import KEPT, Policy, policy
from chatapp.answers.models import Source
from chatapp.answers.process import Process
from chatapp.answers.queueing import Asked
from chatapp.chats.models import Status
from chatapp.pool.errors import MESSAGES
from chatapp.redis import cache_redis
from tests.answers.keeping import QUESTION, answered, entries, grow_old
from tests.answers.world import LABELS, ask, finished, row, screen, words
from tests.fakes import ProviderServer


async def again(process: Process, who: UUID, asked: Asked) -> Asked:
    refreshed = await asking.ask_again(process.runner, who, asked.answer_id)
    await finished(process)
    return refreshed


async def test_the_second_who_asks_is_given_the_same_answer_and_told_so(
    caching: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    first = await answered(caching, ada)
    await grow_old(20 * 60)
    second = await ask(caching, eve, QUESTION)
    async with screen(caching.hub, eve, second.chat_id) as tab:
        view = await tab.ended(second.answer_id)
        assert tab.text(second.answer_id) == words(7)
    assert view["cached"] == "from cache, 20 min ago"
    assert view["by"] == LABELS["groq"]
    (message, answer), (_, original) = await row(second.answer_id), await row(first.answer_id)
    assert (message.status, message.text, answer.source) == (Status.DONE, words(7), Source.CACHE)
    assert (answer.prompt_tokens, answer.completion_tokens) == (0, 0)
    assert answer.saved_completion_tokens == original.completion_tokens == 7
    assert answer.saved_prompt_tokens == original.prompt_tokens > 0
    assert original.source == Source.MODEL
    assert len(await fakes.requests()) == 1


async def test_who_is_given_it_learns_nothing_of_whom_it_was_made_for(
    caching: Process, ada: UUID, eve: UUID
) -> None:
    first = await answered(caching, ada)
    await grow_old(20 * 60 + 17)
    second = await ask(caching, eve, QUESTION)
    async with screen(caching.hub, eve, second.chat_id) as tab:
        view = await tab.ended(second.answer_id)
        told = json.dumps([tab.updates, tab.values])
    logged = repr(await log.read(second.chat_id, second.answer_id))
    for hers in (ada, first.chat_id, first.question_id, first.answer_id):
        assert str(hers) not in told
        assert str(hers) not in logged
    # To the minute, and not when exactly.
    made = (await row(second.answer_id))[1].cached_at
    assert view["cached"] == "from cache, 20 min ago"
    assert made
    assert made.isoformat()[:19] not in told


async def test_after_an_hour_a_model_is_asked_again(
    caching: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await answered(caching, ada)
    await grow_old(cache.FRESH * (1 + cache.JITTER) + 1)
    later = await answered(caching, ada)
    assert (await row(later.answer_id))[1].source == Source.MODEL
    assert len(await fakes.requests()) == 2


async def test_not_all_grow_old_in_the_same_moment() -> None:
    times = {cache.freshness() for _ in range(100)}
    assert len(times) > 50
    most = 1000 * cache.FRESH * cache.JITTER
    assert all(abs(each - 1000 * cache.FRESH) <= most for each in times)


async def test_when_nobody_can_be_asked_an_old_answer_is_given_and_marked_as_old(
    caching: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    await answered(caching, ada)
    await grow_old(3 * 24 * 3600)
    await fakes.set(fault={"kind": "http_500"})
    asked = await ask(caching, eve, QUESTION)
    async with screen(caching.hub, eve, asked.chat_id) as tab:
        view = await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) == words(7)
    assert view["cached"] == "from cache, 3 days old: no model could be reached"
    assert (view["status"], view["problem"]) == ("done", "")
    answer = (await row(asked.answer_id))[1]
    assert (answer.source, answer.saved_completion_tokens) == (Source.OLD, 0)
    assert [attempt["outcome"] for attempt in answer.attempts] == ["fail", "fail"]
    # It has not become fresh by that.
    await fakes.reset()
    later = await answered(caching, eve)
    assert (await row(later.answer_id))[1].source == Source.MODEL


async def test_what_nobody_has_answered_before_ends_with_an_error(
    caching: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(fault={"kind": "http_500"})
    asked = await answered(caching, ada)
    message, answer = await row(asked.answer_id)
    assert (message.status, answer.problem) == (Status.FAILED, MESSAGES["fail"])


async def test_a_refused_question_is_not_answered_by_an_old_answer(
    caching: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await answered(caching, ada)
    await grow_old(2 * cache.FRESH)
    await fakes.set(fault={"kind": "http_400"})
    asked = await answered(caching, ada)
    message, answer = await row(asked.answer_id)
    assert (message.status, answer.problem) == (Status.FAILED, MESSAGES["client"])


async def test_an_answer_is_kept_for_a_week(caching: Process, ada: UUID) -> None:
    await answered(caching, ada)
    (name,) = await entries()
    assert KEPT - 600 < await cache_redis().ttl(name) <= KEPT


async def test_refresh_passes_it_by_and_overwrites(
    caching: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(text="The first version.")
    await answered(caching, ada)
    given = await answered(caching, eve)
    assert (await row(given.answer_id))[0].text == "The first version."
    await fakes.set(text="The second version.")
    fresh = await again(caching, eve, given)
    message, answer = await row(fresh.answer_id)
    assert (message.text, answer.source, answer.anew) == ("The second version.", Source.MODEL, True)
    after = await answered(caching, ada)
    assert (await row(after.answer_id))[0].text == "The second version."
    assert len(await fakes.requests()) == 2


async def test_a_new_answer_stays_a_new_one_when_another_process_makes_it(
    caching: Process, ada: UUID, fakes: ProviderServer
) -> None:
    given = await answered(caching, ada)
    fresh = await asking.ask_again(caching.runner, ada, given.answer_id)
    await finished(caching)
    job = making.Job(ada, fresh.chat_id, fresh.question_id, fresh.answer_id, epoch=2, anew=True)
    assert (await row(fresh.answer_id))[1].anew == job.anew
    assert len(await fakes.requests()) == 2


# What is asked, how the providers behave then, and what else happens to it.
Happening = Callable[[Process, UUID, Asked, ProviderServer], Awaitable[object]]


async def stopped(process: Process, who: UUID, asked: Asked, fakes: ProviderServer) -> None:
    await fakes.wait(sent=2)
    await service.stop(process.runner, who, asked.answer_id)


async def deleted(process: Process, who: UUID, asked: Asked, fakes: ProviderServer) -> None:
    await fakes.wait(sent=2)
    # The chat alone, as when its answer was just being saved and could not be stopped any more.
    await service.chat_service.delete(who, asked.chat_id)


NEVER: dict[str, tuple[dict[str, Any], Happening | None]] = {
    "empty": ({"text": " \n "}, None),
    "without a word": ({"fault": {"kind": "empty"}}, None),
    "cut by the model": ({"finish_reason": "length"}, None),
    "withheld": ({"finish_reason": "content_filter"}, None),
    "a tool call": ({"tool_calls": [{"name": "look", "args": {}}]}, None),
    "broken off by all": ({"fault": {"kind": "drop_after", "after": 3}}, None),
    "no finish": ({"fault": {"kind": "end_without_finish", "after": 3}}, None),
    "restarted": ({"fault": {"kind": "drop_after", "after": 3, "times": 1}}, None),
    "failed": ({"fault": {"kind": "http_500"}}, None),
    "stopped": ({"tokens_per_second": 20}, stopped),
    "too large": ({"text": "word " * (cache.LARGEST // 5 + 1)}, None),
    "its chat deleted meanwhile": ({"tokens_per_second": 40}, deleted),
}


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
@pytest.mark.parametrize("case", NEVER)
async def test_it_is_never_kept(
    caching: Process, ada: UUID, fakes: ProviderServer, case: str
) -> None:
    behaviour, happening = NEVER[case]
    await fakes.set(**behaviour)
    asked = await ask(caching, ada, "please [[say 40 words]]")
    if happening:
        await happening(caching, ada, asked, fakes)
    await finished(caching)
    assert await entries() == []
    assert [name async for name in cache_redis().scan_iter("cache:*:flight")] == []


async def test_an_answer_that_became_too_long_is_not_kept(
    caching: Process, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "LONGEST_ANSWER", 10)
    await answered(caching, ada)
    assert await entries() == []


async def test_an_answer_after_a_hop_is_kept(
    caching: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set("groq", fault={"kind": "http_500"})
    await answered(caching, ada)
    assert len(await entries()) == 1


async def test_a_later_turn_is_its_persons_alone(
    caching: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    for who, times in ((ada, 2), (eve, 1)):
        for _ in range(times):
            first = await answered(caching, who, "[[say 3 words]]")
            await answered(caching, who, "and [[say 4 words]]", chat_id=first.chat_id)
    names = sorted(name.split(b":")[1] for name in await entries())
    assert names == [b"person", b"person", b"shared"]
    # The first turn once for all, the second once for each of them.
    assert len(await fakes.requests()) == 3


@pytest.mark.parametrize(
    ("allowed", "requests", "scopes"),
    [
        (Policy.SHARED, 1, {b"shared"}),
        (Policy.PERSON, 2, {b"person"}),
        (Policy.OFF, 4, set()),
    ],
)
async def test_the_admin_says_who_may_be_given_an_answer_again(
    caching: Process,
    ada: UUID,
    eve: UUID,
    fakes: ProviderServer,
    allowed: Policy,
    requests: int,
    scopes: set[bytes],
) -> None:
    await controls.change(policy, allowed, by=None)
    for who in (ada, eve, ada, eve):
        await answered(caching, who)
    assert len(await fakes.requests()) == requests
    assert {name.split(b":")[1] for name in await entries()} == scopes


async def test_the_operator_can_forbid_it_altogether(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    for _ in range(2):
        await answered(process, ada)
    assert len(await fakes.requests()) == 2
    assert await entries() == []


async def test_what_was_asked_stands_in_no_key_and_no_name(caching: Process, ada: UUID) -> None:
    await answered(caching, ada, "my little secret")
    names = b" ".join([name async for name in cache_redis().scan_iter("*")])
    assert b"secret" not in names
    assert str(ada).encode() not in b" ".join(await entries())
