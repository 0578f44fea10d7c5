"""Who writes the logs of a process: in rounds, in one pipeline, and to a Redis that fails."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from chatapp import redis as connection
from chatapp import tasks
from chatapp.answers import log as logs
from chatapp.answers import log_writer
from chatapp.answers.events import Event, Kind, channel
from chatapp.answers.hub import Hub
from chatapp.answers.log import key, read
from chatapp.answers.log_writer import LIFE_AFTER_END, MOST_ENDED, LogWriter
from chatapp.answers.remains import last_words
from chatapp.settings import Settings
from tests.answers.flying import REAL
from tests.answers.writing import CHAT, USER, SlowRedis, flaky, opened, said

WAIT_SECONDS = 10.0


async def test_first_words_that_come_during_a_write_wait_for_no_round(
    writer: LogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_writer, "ROUND", 1000.0)
    monkeypatch.setattr(log_writer, "LONGEST_ROUND", 1000.0)
    slow = SlowRedis()
    monkeypatch.setattr(log_writer, "redis", lambda: slow)
    first, second = opened(writer), opened(writer)
    async with asyncio.timeout(20), writer.running():
        first.text("first")
        await slow.writing.wait()
        second.text("second")
        slow.go_on.set()
        for _ in range(2):
            await slow.written.get()
        events = await read(CHAT, second.answer_id)
    assert said(events) == [(Kind.TEXT, "second")]


def ended_in(writer: LogWriter) -> UUID:
    """An answer that has ended, of which the writer alone knows."""
    log = opened(writer)
    log.text("words")
    log.add(Kind.END, {"status": "done"})
    return log.answer_id


async def test_of_the_answers_that_have_ended_few_wait_for_redis(
    writer: LogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    flaky(monkeypatch, *["before"] * (3 * MOST_ENDED))
    coming, ended = opened(writer), list[UUID]()
    for number in range(3 * MOST_ENDED):
        coming.text(f"{number} ")
        ended.append(ended_in(writer))
        await writer.flush()
        assert len(writer._dirty) <= 1 + MOST_ENDED
    monkeypatch.undo()
    gone = ended[:-MOST_ENDED]
    assert not [answer_id for answer_id in gone if answer_id in logs._here]
    await writer.flush()
    for answer_id in ended[-MOST_ENDED:]:
        assert [event.kind for event in await read(CHAT, answer_id)] == [Kind.TEXT, Kind.END]
    assert last_words(await read(CHAT, coming.answer_id)) == coming.said
    assert not writer._dirty


async def test_a_redis_that_is_away_is_asked_nothing_large(
    writer: LogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = flaky(monkeypatch, "before")
    log = opened(writer)
    log.text("words")
    await writer.flush()
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        raise RedisConnectionError("gone")

    monkeypatch.setattr(away, "time", look, raising=False)
    for _ in range(3):
        await writer.flush()
    assert (looks, len(away.pipelines)) == (3, 1)
    monkeypatch.undo()
    await writer.flush()
    assert said(await read(CHAT, log.answer_id)) == [(Kind.TEXT, "words")]


@REAL
async def test_what_a_full_redis_has_no_room_for_is_told_once(writer: LogWriter) -> None:
    log, last = opened(writer), Event(Kind.CHATS, CHAT)
    async with connection.redis().pubsub() as elsewhere:
        await elsewhere.subscribe(log.channel)
        assert (await elsewhere.get_message(timeout=WAIT_SECONDS) or {})["type"] == "subscribe"
        await connection.redis().config_set("maxmemory", 1)
        try:
            for number in range(5):
                log.text(f"{number} ")
                await writer.flush()
            assert await read(CHAT, log.answer_id) == []
            await connection.redis().publish(log.channel, last.encode())
        finally:
            await connection.redis().config_set("maxmemory", 0)
        told: list[Event] = []
        while last not in told:
            message = await elsewhere.get_message(timeout=WAIT_SECONDS) or {}
            told.append(Event.decode(message["data"]))
    assert [event.data for event in told[:-1]] == [f"{number} " for number in range(5)]
    await writer.flush()
    assert last_words(await read(CHAT, log.answer_id)) == log.said


async def test_a_redis_that_has_forgotten_everything_is_written_to_all_the_same(
    writer: LogWriter,
) -> None:
    log = opened(writer)
    for word in ("one", " two"):
        await connection.redis().script_flush()
        log.text(word)
        await writer.flush()
    assert said(await read(CHAT, log.answer_id)) == [(Kind.TEXT, "one"), (Kind.TEXT, " two")]
    assert not writer._dirty


async def test_words_are_heard_once_here_and_at_other_processes(
    writer: LogWriter, hub: Hub
) -> None:
    log, last = opened(writer), Event(Kind.CHATS, CHAT)
    async with hub.subscribed(channel(USER)) as here:
        log.text("nobody hears this elsewhere")
        await writer.flush()
        async with connection.redis().pubsub() as elsewhere:
            await elsewhere.subscribe(channel(USER))
            assert (await elsewhere.get_message(timeout=WAIT_SECONDS) or {})["type"] == "subscribe"
            log.text(" and this they hear")
            log.add(Kind.END, {"status": "done"})
            await writer.flush()
            await connection.redis().publish(channel(USER), last.encode())
            raw = [await elsewhere.get_message(timeout=WAIT_SECONDS) or {} for _ in range(3)]
        heard: list[Event] = []
        while last not in heard:
            events, _ = await asyncio.wait_for(here.wait(), WAIT_SECONDS)
            heard += events
    there = [Event.decode(message["data"]) for message in raw]
    words = [(Kind.TEXT, " and this they hear"), (Kind.END, {"status": "done"})]
    assert said(there) == [*words, (Kind.CHATS, None)]
    assert said(heard) == [(Kind.TEXT, "nobody hears this elsewhere"), *words, (Kind.CHATS, None)]


@pytest.mark.parametrize("counts_all", [True, False])
async def test_words_are_told_unless_it_is_known_that_only_this_process_hears_them(
    writer: LogWriter, monkeypatch: pytest.MonkeyPatch, *, counts_all: bool
) -> None:
    monkeypatch.setattr(log_writer, "counts_all", lambda: counts_all)
    monkeypatch.setattr(log_writer, "heard_here", lambda _name: 1)
    log, last = opened(writer), Event(Kind.CHATS, CHAT)
    async with connection.redis().pubsub() as ours:
        await ours.subscribe(log.channel)
        assert (await ours.get_message(timeout=WAIT_SECONDS) or {})["type"] == "subscribe"
        log.text("words")
        await writer.flush()
        await connection.redis().publish(log.channel, last.encode())
        told = await ours.get_message(timeout=WAIT_SECONDS) or {}
    kind = Event.decode(told["data"]).kind
    assert kind is (last.kind if counts_all else Kind.TEXT)


async def test_many_answers_are_written_in_one_pipeline(
    writer: LogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = flaky(monkeypatch)
    logs = [opened(writer) for _ in range(20)]
    for word in ("one", " two", " three"):
        for log in logs:
            log.text(word)
    await writer.flush()
    assert len(counted.pipelines) == 1
    for log in logs:
        assert said(await read(CHAT, log.answer_id)) == [(Kind.TEXT, "one two three")]
    await writer.flush()
    assert len(counted.pipelines) == 1, "there was nothing to write"


async def test_rounds_write_by_themselves_and_the_last_words_at_the_end(
    installation: Settings, hub: Hub
) -> None:
    async with hub.subscribed(channel(USER)) as subscription:
        subscription.lag()
        await subscription.wait()
        writer = LogWriter()
        async with writer.running():
            log = opened(writer)
            log.text("first")
            events, _ = await subscription.wait()
            assert said(events) == [(Kind.TEXT, "first")]
            log.text(" and")
            log.text(" last")
        events, _ = await subscription.wait()
    assert said(events) == [(Kind.TEXT, " and last")]
    assert said(await read(CHAT, log.answer_id)) == [
        (Kind.TEXT, "first"),
        (Kind.TEXT, " and last"),
    ]


async def test_what_was_being_written_when_the_process_ended_is_written_then(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, under_way = log_writer._write, asyncio.Event()

    async def hang(*_: Any) -> None:
        under_way.set()
        await asyncio.Event().wait()

    writer = LogWriter()
    monkeypatch.setattr(log_writer, "_write", hang)
    async with writer.running():
        log = opened(writer)
        log.text("last words")
        await under_way.wait()
        monkeypatch.setattr(log_writer, "_write", write)
    assert said(await read(CHAT, log.answer_id)) == [(Kind.TEXT, "last words")]


async def test_what_cannot_be_written_does_not_end_the_writing(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "AGAIN", 0.0)
    writer = LogWriter()
    async with writer.running():
        opened(writer).add(Kind.LINE, object())
        async with asyncio.timeout(WAIT_SECONDS):
            while writer._dirty:  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0)
        log = opened(writer)
        log.text("words")
    assert said(await read(CHAT, log.answer_id)) == [(Kind.TEXT, "words")]


async def test_what_is_written_at_once_is_written_in_order(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = LogWriter()
    under_way, go_on = asyncio.Event(), asyncio.Event()
    write = log_writer._write

    async def slow(*what: Any) -> None:
        if not under_way.is_set():
            under_way.set()
            await go_on.wait()
        await write(*what)

    monkeypatch.setattr(log_writer, "_write", slow)
    log = opened(writer)
    log.text("first")
    first = asyncio.create_task(writer.flush())
    await under_way.wait()
    log.text(" second")
    second = asyncio.create_task(writer.flush())
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(first, second)
    assert said(await read(CHAT, log.answer_id)) == [(Kind.TEXT, "first"), (Kind.TEXT, " second")]


async def test_a_log_is_kept_for_a_while_and_shorter_after_its_end(writer: LogWriter) -> None:
    log = opened(writer)
    log.text("a")
    await writer.flush()
    assert await connection.redis().ttl(key(log.answer_id)) > LIFE_AFTER_END
    log.add(Kind.END)
    await writer.flush()
    assert 0 < await connection.redis().ttl(key(log.answer_id)) <= LIFE_AFTER_END
