"""How good members are, and what that makes of their weights."""

import time
from collections import Counter

import pytest

from chatapp import controls
from chatapp.answers import thumb_repository, thumbs
from chatapp.answers.models import Answer
from chatapp.database import now, reading, transaction
from chatapp.history import quality, repository
from chatapp.history.counting import HOUR
from chatapp.history.quality import Quality, with_factors
from chatapp.pool import service
from chatapp.pool.changes import FEEDS, LEAST, MOST, weighed
from chatapp.settings import Settings
from tests.chats.people import chat_of, person


def member(name: str, ok: int, fail: int, up: int = 0, down: int = 0) -> Quality:
    return Quality(name, name, {"ok": ok, "fail": fail}, {}, up, down)


def factors(*members: Quality) -> list[float]:
    return [each.factor for each in with_factors(members)]


def test_weights_follow_quality_within_bounds_and_not_by_few_numbers() -> None:
    assert factors(member("a", 0, 0), member("b", 0, 0)) == [1, 1]
    assert factors(member("a", 1000, 0), member("b", 1000, 0)) == [1, 1]
    good, bad = factors(member("a", 1000, 0), member("b", 0, 1000))
    assert (good, bad) == (MOST, LEAST)
    few = factors(member("a", 1, 0), member("b", 0, 1))
    assert few[0] == pytest.approx(1, abs=0.11)
    liked, disliked = factors(member("a", 500, 0, up=60), member("b", 500, 0, down=60))
    assert LEAST <= disliked < 1 < liked <= MOST


async def test_numbers_and_thumbs_are_joined_with_who_answered(installation: Settings) -> None:
    (demo,) = service.pool().config.members
    hour = int(time.time()) // HOUR
    counted = {"ok": 90, "fail": 10, "passed": 5, "first:0.5": 90}
    async with transaction() as session:
        names = {f"member:{demo.name}:{name}": value for name, value in counted.items()}
        await repository.add(session, HOUR, hour, names | {"member:gone/x:ok": 7})
        await repository.add(session, HOUR, hour - 24 * 30, {f"member:{demo.name}:ok": 1000})
    ada = await person()
    chat, (_, answer) = await chat_of(ada, "q", "a")
    async with transaction() as session:
        session.add(
            Answer(
                id=answer.id,
                chat_id=chat.id,
                user_id=ada,
                answered_by=demo.label,
                ended_at=now(),
            )
        )
    await thumbs.explain(ada, answer.id, thumbs.DOWN, "Not so")
    (found,) = await quality.by_member()
    assert (found.asked, found.outcomes["ok"], found.up, found.down) == (100, 90, 0, 1)
    assert found.first_word(0.5) == pytest.approx(0.375)
    async with reading() as session:
        ((_, label, thumb, words),) = await thumb_repository.thumb_words(
            session, quality.since(), 9
        )
    assert (label, thumb, words) == (demo.label, -1, "Not so")


async def test_quality_feeds_weights_only_when_it_is_wanted(installation: Settings) -> None:
    (demo,) = service.said().members
    service.weigh({demo.name: 1.5})
    assert service.pool().config.members[0].weight == 1
    await controls.change(FEEDS, True, None)
    assert service.pool().config.members[0].weight == 30
    await controls.change(FEEDS, False, None)
    assert service.pool().config.members[0].weight == 1
    await service.close_pool()


def test_shares_are_those_of_the_weights_and_the_factors(installation: Settings) -> None:
    config = service.said()
    turns = Counter({m.name: m.weight for m in weighed(config, {"other": 0.5}).members})
    assert list(turns.values()) == [20]
    assert weighed(config, {}) is config
    service._made.cache_clear()
