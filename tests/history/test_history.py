"""What processes count becomes lines over time, of all of them together."""

import time

import pytest

from chatapp import metrics
from chatapp.database import transaction
from chatapp.history import counting, repository, series
from chatapp.history.counting import HOUR, MINUTE, Counting
from chatapp.settings import Settings

NOON = 1_763_899_200


@pytest.mark.usefixtures("installation")
async def test_each_process_adds_what_is_new_to_the_minute_and_the_hour() -> None:
    one, other = Counting(), Counting()
    metrics.QUESTIONS.inc(3)
    metrics.ANSWERS.labels("done", "cache").inc(2)
    metrics.FIRST_WORD.observe(0.3)
    metrics.ATTEMPTS.labels("groq/a:b", "ok").inc()
    for each in (one, other):
        await each.write(NOON)
        await each.write(NOON + 1)
    metrics.QUESTIONS.inc()
    await one.write(NOON + 70)
    found = await series.series("hour", NOON + 70)
    assert found.line("questions")[-2:] == [6, 1]
    assert found.total("source:cache") == 4
    assert found.first_word(0.5) == pytest.approx(0.375)
    day = await series.series("week", NOON + 70)
    assert day.total("questions") == 7
    assert (await series.series("hour", NOON + HOUR + 120)).earlier("questions") == 6 + 1
    async with transaction() as session:
        counts = await repository.sums_of(
            session, MINUTE, NOON // MINUTE, NOON // MINUTE + 9, "member:"
        )
    assert counts == {"member:groq/a:b:ok": 2}


async def test_what_cannot_be_written_is_written_later(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counting()
    metrics.QUESTIONS.inc()

    async def fails(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(repository, "add", fails)
        with pytest.raises(OSError, match=r"^$"):
            await counted.write(NOON)
    await counted.write(NOON)
    assert (await series.series("hour", NOON)).total("questions") == 1


async def test_minutes_are_forgotten_sooner_than_hours(installation: Settings) -> None:
    old = int(time.time()) - 10 * 86_400
    async with transaction() as session:
        for width in (MINUTE, HOUR):
            await repository.add(session, width, old // width, {"x": 1})
    await counting.purge()
    async with transaction() as session:
        assert await repository.sums(session, MINUTE, 0, old, ["x"]) == {}
        assert await repository.sums(session, HOUR, 0, old, ["x"]) == {"x": 1}
