"""Kept answers are forgotten when they must be, and tell admins what they save and no more."""

from typing import Any
from uuid import UUID

import pytest
from redis.exceptions import ConnectionError as Disconnected

from chatapp.answers import cache, kept, service, shelf
from chatapp.answers.cache import Entry, Scope, place_of
from chatapp.answers.models import Source
from chatapp.answers.process import Process
from chatapp.answers.request import request_for
from chatapp.database import now
from chatapp.redis import cache_redis
from tests.answers.keeping import answered, entries
from tests.answers.world import LABELS, row
from tests.fakes import ProviderServer


async def test_deleting_a_chat_forgets_its_answers(
    caching: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    asked = await answered(caching, ada)
    await answered(caching, ada, "and [[say 4 words]]", chat_id=asked.chat_id)
    await answered(caching, eve)
    assert len(await entries()) == 2
    await service.delete_chat(caching.runner, ada, asked.chat_id)
    assert await entries() == []
    assert await kept.best() == []
    before = len(await fakes.requests())
    await answered(caching, eve)
    assert len(await fakes.requests()) == before + 1


async def test_what_could_not_be_forgotten_at_once_is_forgotten_later(
    caching: Process, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await answered(caching, ada)
    await answered(caching, ada, "another [[say 2 words]]")

    def away() -> Any:
        raise Disconnected("away")

    with monkeypatch.context() as patch:
        patch.setattr(shelf.shelf(), "_client", away)
        await service.delete_chat(caching.runner, ada, asked.chat_id)
        await kept.sweep()
    assert len(await entries()) == 2
    await kept.sweep()
    assert len(await entries()) == 1
    assert (await row(asked.answer_id))[1].cache_key == ""


async def test_an_answer_on_its_way_is_not_kept_once_it_is_forgotten(
    caching: Process, ada: UUID
) -> None:
    asked = await answered(caching, ada)
    place = place_of(await request_for(ada, asked.question_id, None))
    assert place
    await kept.forget(ada)
    late = Entry("late", "somebody", now(), 1, 1)
    assert not await shelf.shelf().leave(place, b"me", late)
    assert await entries() == []


async def test_a_persons_answers_are_forgotten_and_nobody_elses(
    caching: Process, ada: UUID, eve: UUID
) -> None:
    for who, count in ((ada, 3), (eve, 4)):
        asked = await answered(caching, who, f"[[say {count} words]]")
        await answered(caching, who, "and [[say 2 words]]", chat_id=asked.chat_id)
    assert len(await entries()) == 4
    await kept.forget(ada)
    assert len(await entries()) == 2
    later = await answered(caching, ada, "[[say 4 words]]")
    assert (await row(later.answer_id))[1].source == Source.CACHE


@pytest.mark.parametrize("scope", Scope)
async def test_admins_clear_one_scope(
    caching: Process, ada: UUID, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        asked = await answered(caching, ada)
        await answered(caching, ada, "and [[say 2 words]]", chat_id=asked.chat_id)
    assert {each.scope for each in await kept.best()} == set(Scope)
    assert await kept.clear(scope, None) == 1
    assert [name.split(b":")[1].decode() for name in await entries()] == list({*Scope} - {scope})
    assert {each.scope for each in await kept.best()} == {*Scope} - {scope}


async def test_admins_see_what_was_saved_and_no_word_of_it(
    caching: Process, ada: UUID, eve: UUID
) -> None:
    for who, count, times in ((ada, 3, 2), (eve, 30, 3)):
        for _ in range(times):
            await answered(caching, who, f"[[say {count} words]]")
    first, second = await kept.best()
    assert (first.hits, second.hits) == (2, 1)
    assert first.tokens > second.tokens > 3
    assert {first.by, second.by} == set(LABELS.values())
    assert "w1" not in repr(first)
    assert "say" not in repr(first)
    assert await kept.best(1) == [first]


async def test_only_what_saves_most_is_remembered(
    caching: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "REMEMBERED", 3)
    for number in range(6):
        await shelf.shelf().note(cache.Place(Scope.SHARED, f"d{number}"), 10 + number)
    assert await cache_redis().zcard("{cache}:saved") == 3
    assert await cache_redis().hlen("{cache}:hits") == 3  # pyright: ignore
