"""A person's own keys: kept sealed, used for their owner's questions and nobody else's."""

import logging
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import select

from chatapp.accounts import own_keys
from chatapp.accounts.models import KeyUse, OwnKey, User
from chatapp.accounts.problems import Problem, Refused
from chatapp.answers import service
from chatapp.answers.cache import impersonal
from chatapp.answers.own_key import check_and_keep
from chatapp.answers.process import Process
from chatapp.answers.request import request_for
from chatapp.chats.models import Status
from chatapp.database import reading, transaction
from chatapp.redis import redis
from tests.answers.test_line import HELD, stands, told
from tests.answers.world import GOOGLE_KEY, GROQ_KEY, LABELS, ask, finished, row, screen, words
from tests.fakes import ProviderServer

KEY = "gsk_0wn5eCrEtOfAda7890abcd"
YOURS = "Your Groq key · llama-fake"


async def keep(user_id: UUID, use: KeyUse, key: str = KEY) -> UUID:
    """Keep a key without asking its provider."""
    await own_keys.keep(user_id, "groq", key, use)
    (kept,) = await own_keys.keys(user_id)
    return kept.id


async def asked_with(fakes: ProviderServer) -> list[str]:
    """The keys with which the providers were asked, in order."""
    return [request["key"] for request in await fakes.requests()]


async def answer(process: Process, user_id: UUID, question: str = "[[say 3 words]]") -> UUID:
    asked = await ask(process, user_id, question)
    await finished(process)
    return asked.answer_id


async def test_it_is_sealed_in_the_database_and_shown_nowhere(ada: UUID) -> None:
    await keep(ada, KeyUse.FIRST)
    async with reading() as session:
        (raw,) = (await session.exec(text("SELECT * FROM own_keys"))).all()  # pyright: ignore
        (kept,) = (await session.exec(select(OwnKey))).all()
    assert KEY not in repr(tuple(raw))
    assert KEY[:-4] not in repr(kept)
    assert kept.ending == KEY[-4:]
    (opened,) = await own_keys.usable(ada)
    assert opened.secret.get_secret_value() == KEY
    assert KEY not in repr(opened)


async def test_a_sealed_key_is_of_no_use_to_another_person(ada: UUID, eve: UUID) -> None:
    await keep(ada, KeyUse.FIRST)
    async with transaction() as session:
        (kept,) = (await session.exec(select(OwnKey))).all()
        kept.user_id = eve
    await own_keys.load()
    assert await own_keys.usable(eve) == []


async def test_it_goes_with_the_account(ada: UUID) -> None:
    await keep(ada, KeyUse.FIRST)
    async with transaction() as session:
        await session.delete(await session.get_one(User, ada))
    async with reading() as session:
        assert (await session.exec(select(OwnKey))).all() == []


async def test_only_the_owner_sees_changes_and_removes_it(ada: UUID, eve: UUID) -> None:
    key_id = await keep(ada, KeyUse.FIRST)
    assert await own_keys.keys(eve) == []
    assert not await own_keys.set_use(eve, key_id, KeyUse.NEVER)
    assert not await own_keys.remove(eve, key_id)
    await own_keys.refuse(eve, key_id)
    (kept,) = await own_keys.keys(ada)
    assert (kept.use, kept.refused_at) == (KeyUse.FIRST, None)
    assert await own_keys.set_use(ada, key_id, KeyUse.NEVER)
    assert await own_keys.remove(ada, key_id)
    assert await own_keys.usable(ada) == []


async def test_one_that_comes_first_answers_its_owner_and_nobody_else(
    process: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    await keep(ada, KeyUse.FIRST)
    hers = await answer(process, ada)
    assert (await row(hers))[1].answered_by == YOURS
    assert await asked_with(fakes) == [KEY]
    for _ in range(4):
        await answer(process, eve)
    assert sorted((await asked_with(fakes))[1:]) == sorted([GROQ_KEY, GOOGLE_KEY] * 2)


async def test_one_for_dry_times_is_used_before_waiting(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await keep(ada, KeyUse.DRY)
    await answer(process, ada)
    assert KEY not in await asked_with(fakes)
    await fakes.set("groq", fault={**HELD, "times": 1})
    await fakes.set("google", fault=HELD)
    answer_id = await answer(process, ada)
    assert (await row(answer_id))[0].status == Status.DONE
    assert (await row(answer_id))[1].answered_by == YOURS
    assert (await asked_with(fakes))[-1] == KEY


async def test_one_that_is_never_used_is_used_when_its_owner_says_so(
    process: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    await keep(ada, KeyUse.NEVER)
    await fakes.set("groq", fault={**HELD, "times": 1})
    await fakes.set("google", fault=HELD)
    asked = await ask(process, ada, "[[say 4 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: told(tab, asked.answer_id))
        assert tab.values[f"m:{asked.answer_id}"]["line"]["own"] is True
        await service.use_own_key(process.runner, ada, asked.answer_id)
        await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) == words(4)
    assert (await asked_with(fakes))[-1] == KEY
    assert process.runner.line.waiting() == []


async def test_a_rejected_one_says_so_and_the_pool_answers(
    process: Process, ada: UUID, fakes: ProviderServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await keep(ada, KeyUse.FIRST)
    await fakes.set("groq", fault={"kind": "auth", "times": 1})
    asked = await ask(process, ada, "[[say 3 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        view = await tab.ended(asked.answer_id)
    assert f"after {YOURS} was refused" in view["by"]
    assert (view["status"], view["problem"]) == (Status.DONE, "")
    (kept,) = await own_keys.keys(ada)
    assert kept.refused_at is not None
    # It is not tried again, and what the provider said of it is nowhere.
    await answer(process, ada)
    assert (await asked_with(fakes)).count(KEY) == 1
    said = [
        caplog.text,
        repr(tab.updates),
        *(str(dict(each)) for each in await row(asked.answer_id)),
    ]
    assert not [place for place in said if KEY in place]


async def test_an_answer_with_it_is_its_owners_alone(process: Process, ada: UUID) -> None:
    asked = await ask(process, ada, "What is a hash table?")
    request = await request_for(ada, asked.question_id, None)
    assert impersonal(request)
    await keep(ada, KeyUse.DRY)
    request = await request_for(ada, asked.question_id, None)
    assert not impersonal(request)
    assert KEY not in repr(request)
    await finished(process)


async def test_who_joined_an_answer_is_not_given_one_of_anothers_key(
    caching: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    await keep(ada, KeyUse.NEVER)
    await fakes.set("groq", fault={**HELD, "times": 1})
    await fakes.set("google", fault=HELD)
    question = "[[say 30 words at 20/s]]"
    hers = await ask(caching, ada, question)
    await stands(caching)
    joined = await ask(caching, eve, question)
    async with screen(caching.hub, eve, joined.chat_id) as tab:
        # Who joins a question that waits sees where that stands.
        await tab.until(lambda tab: told(tab, joined.answer_id))
        assert tab.values[f"m:{joined.answer_id}"]["line"]["own"] is False
        await service.use_own_key(caching.runner, ada, hers.answer_id)
        async with screen(caching.hub, ada, hers.chat_id) as her_tab:
            await her_tab.ended(hers.answer_id)
            assert her_tab.text(hers.answer_id) == words(30)
        await stands(caching)
        assert caching.runner.line.waiting() == [joined.answer_id]
        assert tab.text(joined.answer_id) == ""
        await service.stop(caching.runner, eve, joined.answer_id)
        await tab.ended(joined.answer_id)
    assert (await row(hers.answer_id))[1].cache_key == ""
    assert (await asked_with(fakes)).count(KEY) == 1


async def test_its_holds_are_not_those_of_the_pool(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await keep(ada, KeyUse.FIRST)
    await fakes.set("groq", fault={**HELD, "times": 1})
    by = [(await row(await answer(process, ada)))[1].answered_by for _ in range(3)]
    # The own key rests; the shared one at the same provider does not.
    assert set(by) == set(LABELS.values())
    assert (await asked_with(fakes)).count(KEY) == 1
    assert not [key for key in await redis().keys("*") if KEY.encode() in key]


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ({"kind": "auth"}, Problem.KEY_REFUSED),
        ({"kind": "http_500"}, Problem.KEY_UNCHECKED),
        ({"kind": "http_429"}, None),
        (None, None),
    ],
)
async def test_it_is_checked_before_it_is_kept(
    process: Process, ada: UUID, fakes: ProviderServer, fault: dict | None, problem: Problem | None
) -> None:
    await fakes.set("groq", fault=fault)
    if problem is None:
        await check_and_keep(ada, "groq", f"  {KEY}\n", KeyUse.DRY)
        assert [key.ending for key in await own_keys.keys(ada)] == [KEY[-4:]]
    else:
        with pytest.raises(Refused) as refused:
            await check_and_keep(ada, "groq", KEY, KeyUse.DRY)
        assert refused.value.problem is problem
        assert refused.value.__context__ is None
        assert await own_keys.keys(ada) == []
    assert await asked_with(fakes) == [KEY]


@pytest.mark.parametrize("typed", ["", "short", "with a space in it", "ключ-ключ-ключ", "x" * 401])
async def test_what_is_no_key_is_sent_nowhere(
    process: Process, ada: UUID, fakes: ProviderServer, typed: str
) -> None:
    for provider in ("groq", "http://127.0.0.1:1", "none"):
        with pytest.raises(Refused) as refused:
            await check_and_keep(ada, provider, typed if provider == "groq" else KEY, KeyUse.DRY)
        assert refused.value.problem is Problem.NO_KEY
    assert await fakes.requests() == []
