"""The log of an answer: every word once, in order, from the newest writer only."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from chatapp import redis as connection
from chatapp import tasks
from chatapp.answers import log as module
from chatapp.answers.events import START, Event, Kind, Position, channel
from chatapp.answers.hub import Hub
from chatapp.answers.log import (
    LIFE_AFTER_END,
    MOST,
    MOST_ENDED,
    AnswerLog,
    LogWriter,
    key,
    read,
)
from chatapp.answers.mirror import Mirror
from chatapp.answers.remains import last_words
from chatapp.chats.models import Status
from chatapp.database import new_id
from chatapp.settings import Settings
from tests.answers.flying import REAL

USER, CHAT = new_id(), new_id()
WAIT_SECONDS = 10.0


@pytest.fixture
async def writer(installation: Settings) -> AsyncIterator[LogWriter]:
    """A writer that writes only when it is told to."""
    await connection.redis().script_load(module._SCRIPT)
    yield LogWriter()  # noqa: PT022 - it is used within the installation


def opened(writer: LogWriter, answer_id: UUID | None = None, epoch: int = 1) -> AnswerLog:
    return writer.open(USER, CHAT, answer_id or new_id(), epoch)


def said(events: list[Event]) -> list[Any]:
    return [(event.kind, event.data) for event in events]


class FlakyRedis:
    """Redis that fails at some pipelines, before or after it has done what it was asked."""

    def __init__(self, *faults: str) -> None:
        self.faults = list(faults)
        self.pipelines: list[int] = []

    def pipeline(self, **options: Any) -> Any:
        pipe: Any = connection.redis().pipeline(**options)
        execute = pipe.execute

        async def flaky(**options: Any) -> Any:
            self.pipelines.append(len(pipe))
            fault = self.faults.pop(0) if self.faults else ""
            if fault == "before":
                raise RedisConnectionError("gone")
            replies = await execute(**options)
            if fault == "after":
                raise RedisConnectionError("gone")
            return replies

        pipe.execute = flaky
        return pipe

    def __getattr__(self, name: str) -> Any:
        return getattr(connection.redis(), name)


class SlowRedis:
    """Redis whose pipelines wait until they may go on."""

    def __init__(self) -> None:
        self.writing = asyncio.Event()
        self.go_on = asyncio.Event()
        self.written: asyncio.Queue[None] = asyncio.Queue()

    def pipeline(self, **options: Any) -> Any:
        pipe: Any = connection.redis().pipeline(**options)
        execute = pipe.execute

        async def slow(**options: Any) -> Any:
            self.writing.set()
            await self.go_on.wait()
            replies = await execute(**options)
            self.written.put_nowait(None)
            return replies

        pipe.execute = slow
        return pipe

    def __getattr__(self, name: str) -> Any:
        return getattr(connection.redis(), name)


def flaky(monkeypatch: pytest.MonkeyPatch, *faults: str) -> FlakyRedis:
    made = FlakyRedis(*faults)
    monkeypatch.setattr(module, "redis", lambda: made)
    return made


async def test_words_are_joined_and_events_keep_their_order(writer: LogWriter) -> None:
    log = opened(writer)
    for word in ("Hel", "lo", " 😀", "\n\n"):
        log.text(word)
    log.add(Kind.LINE, {"to": "Groq"})
    log.text("more")
    log.text(" words")
    log.add(Kind.END, {"status": "done"})
    await writer.flush()
    events = await read(CHAT, log.answer_id)
    assert said(events) == [
        (Kind.TEXT, "Hello 😀\n\n"),
        (Kind.LINE, {"to": "Groq"}),
        (Kind.TEXT, "more words"),
        (Kind.END, {"status": "done"}),
    ]
    assert [event.position for event in events] == [Position(1, n) for n in (1, 2, 3, 4)]
    assert {(event.chat_id, event.answer_id) for event in events} == {(CHAT, log.answer_id)}


async def test_reading_goes_on_after_a_position(writer: LogWriter) -> None:
    log = opened(writer)
    for word in "abc":
        log.text(word)
        await writer.flush()
    events = await read(CHAT, log.answer_id)
    assert [event.data for event in events] == ["a", "b", "c"]
    for number, event in enumerate(events):
        rest = await read(CHAT, log.answer_id, event.position)
        assert rest == events[number + 1 :]
    assert await read(CHAT, log.answer_id, START) == events


async def test_what_nobody_wrote_is_empty(installation: Settings) -> None:
    assert await read(CHAT, new_id()) == []


async def test_a_writer_of_an_older_epoch_adds_nothing(writer: LogWriter) -> None:
    answer_id = new_id()
    old, new = opened(writer, answer_id, 1), opened(LogWriter(), answer_id, 2)
    old.text("old")
    await writer.flush()
    new.text("new")
    await new._writer.flush()
    for _ in range(3):
        old.text(" late")
        await writer.flush()
    old.add(Kind.END, {"status": "done"})
    await writer.flush()
    await writer.flush()
    assert said(await read(CHAT, answer_id)) == [(Kind.TEXT, "old"), (Kind.TEXT, "new")]
    # And it does not try for ever.
    await writer.flush()
    assert not writer._dirty


async def test_first_words_that_come_during_a_write_wait_for_no_round(
    writer: LogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROUND", 1000.0)
    monkeypatch.setattr(module, "LONGEST_ROUND", 1000.0)
    slow = SlowRedis()
    monkeypatch.setattr(module, "redis", lambda: slow)
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


@pytest.mark.parametrize("faults", [["after"], ["before"], ["before", "after", "after", "before"]])
async def test_what_is_written_again_is_there_once(
    writer: LogWriter, monkeypatch: pytest.MonkeyPatch, faults: list[str]
) -> None:
    flaky(monkeypatch, *faults)
    log = opened(writer)
    for number in range(8):
        log.text(f"{number} ")
        await writer.flush()
    log.add(Kind.END)
    await writer.flush()
    monkeypatch.undo()
    events = await read(CHAT, log.answer_id)
    text = "".join(event.data for event in events if event.kind is Kind.TEXT)
    assert text == "0 1 2 3 4 5 6 7 "
    assert events[-1].kind is Kind.END
    assert [event.position.number for event in events] == list(range(1, len(events) + 1))


async def test_a_log_that_redis_has_lost_is_written_again(writer: LogWriter) -> None:
    log = opened(writer)
    for word in ("one", " two"):
        log.text(word)
        await writer.flush()
    await connection.redis().flushdb()
    log.text(" three")
    await writer.flush()
    log.text(" four")
    log.add(Kind.END)
    await writer.flush()
    await writer.flush()
    events = await read(CHAT, log.answer_id)
    again = max(at for at, event in enumerate(events) if event.kind is Kind.RESTART)
    assert "".join(e.data for e in events[again:] if e.kind is Kind.TEXT) == log.said
    assert log.said == "one two three four"
    assert events[-1].kind is Kind.END
    assert not writer._dirty


async def test_who_has_joined_is_sent_away_when_that_was_lost(writer: LogWriter) -> None:
    log = opened(writer)
    log.text("for all")
    await writer.flush()
    own = opened(LogWriter())
    mirror = Mirror(CHAT, log.answer_id, own)
    await mirror.catch_up()
    log.add(Kind.ALONE)
    await writer.flush()
    await connection.redis().flushdb()
    log.text(" and for one alone")
    await writer.flush()
    assert await mirror.read([Event(Kind.TEXT, CHAT, log.answer_id, Position(1, 3), "")])
    await writer.flush()
    await mirror.catch_up()
    assert mirror.ending
    assert mirror.ending.status is Status.STOPPED
    assert own.said == "for all"
    assert last_words(await read(CHAT, log.answer_id)) == "for all and for one alone"


async def test_what_waits_for_redis_does_not_grow_with_the_words(
    writer: LogWriter, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    flaky(monkeypatch, *["before"] * (4 * MOST))
    log, heard, longest = opened(writer), list[Event](), 0
    log.step(0, {"title": "Thinks"})
    async with hub.subscribed(channel(USER)) as here:
        for number in range(4 * MOST):
            log.text(f"{number} ")
            await writer.flush()
            longest = max(longest, len(log._waiting))
            events, _ = await here.wait()
            heard += events
        assert longest <= MOST
        monkeypatch.undo()
        log.text("and the end")
        log.add(Kind.END)
        await writer.flush()
        events, lagged = await here.wait()
    assert not lagged
    kept = await read(CHAT, log.answer_id)
    whole = "".join(f"{number} " for number in range(4 * MOST)) + "and the end"
    assert last_words([*heard, *events]) == last_words(kept) == whole
    assert kept[-1].kind is Kind.END
    assert [event.data for event in kept if event.kind is Kind.RESTART] == [[{"title": "Thinks"}]]
    assert not writer._dirty


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
    assert not [answer_id for answer_id in gone if answer_id in module._here]
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
    monkeypatch.setattr(module, "counts_all", lambda: counts_all)
    monkeypatch.setattr(module, "heard_here", lambda _name: 1)
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
        assert said(await read_back(log, monkeypatch)) == [(Kind.TEXT, "one two three")]
    await writer.flush()
    assert len(counted.pipelines) == 1, "there was nothing to write"


async def read_back(log: AnswerLog, monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    with monkeypatch.context() as patch:
        patch.setattr(module, "redis", connection.redis)
        return await read(CHAT, log.answer_id)


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
    write = module._write

    async def slow(*what: Any) -> None:
        if not under_way.is_set():
            under_way.set()
            await go_on.wait()
        await write(*what)

    monkeypatch.setattr(module, "_write", slow)
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


@pytest.mark.parametrize(
    "event",
    [
        Event(Kind.TEXT, CHAT, USER, Position(3, 14), 'é"\n😀'),
        Event(Kind.STEP, CHAT, USER, Position(1, 2), {"to": "x"}),
        Event(Kind.CHATS, CHAT),
    ],
)
def test_events_travel_whole(event: Event) -> None:
    assert Event.decode(event.encode()) == event


def test_positions_order_writers_first() -> None:
    order = [START, Position(1, 1), Position(1, 2), Position(1, 10), Position(2, 1)]
    assert sorted([order[2], order[4], order[0], order[3], order[1]]) == order
    assert [Position.parse(str(position)) for position in order] == order
