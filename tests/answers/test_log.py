"""The log of an answer: every word once, in order, from the newest writer only."""

import pytest

from chatapp import redis as connection
from chatapp.answers.events import START, Event, Kind, Position, channel
from chatapp.answers.hub import Hub
from chatapp.answers.log import MOST, read
from chatapp.answers.log_writer import LogWriter
from chatapp.answers.mirror import Mirror
from chatapp.answers.remains import last_words
from chatapp.chats.models import Status
from chatapp.database import new_id
from chatapp.settings import Settings
from tests.answers.writing import CHAT, USER, flaky, opened, said


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
    newer = LogWriter()
    old, new = opened(writer, answer_id, 1), opened(newer, answer_id, 2)
    old.text("old")
    await writer.flush()
    new.text("new")
    await newer.flush()
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
