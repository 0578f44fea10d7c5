"""Without Redis: those at the same process see all that it makes, and nothing is spliced."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from redis.exceptions import ConnectionError as Unreachable

from chatapp.answers import lease
from chatapp.answers.events import START, Event, Kind, Position, channel
from chatapp.answers.growing import Growing
from chatapp.answers.hub import Hub, deliver_here
from chatapp.answers.log import read
from chatapp.answers.log_writer import LogWriter
from chatapp.answers.mirror import Mirror
from chatapp.answers.process import Process
from chatapp.chats.models import Status
from chatapp.database import new_id
from chatapp.redis import redis
from chatapp.settings import Settings
from tests.answers.world import ask, finished, row, screen, words
from tests.chats.people import chat_of
from tests.fakes import ProviderServer

USER, CHAT = new_id(), new_id()


class AwayRedis:
    """A Redis that answers nothing, until it is told to."""

    USED_BY = ("log", "lease", "telling")

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch

    def leave(self) -> None:
        def gone() -> Any:
            raise Unreachable("away")

        self._use(gone)

    def come_back(self) -> None:
        self._use(redis)

    def _use(self, client: Any) -> None:
        for module in self.USED_BY:
            self._patch.setattr(f"chatapp.answers.{module}.redis", client)


@pytest.fixture
def redis_away(monkeypatch: pytest.MonkeyPatch) -> AwayRedis:
    return AwayRedis(monkeypatch)


def text(number: int, said: str, epoch: int = 1, kind: Kind = Kind.TEXT) -> Event:
    return Event(kind, CHAT, None, Position(epoch, number), said)


def shown(growing: Growing, *events: Event) -> str:
    for event in events:
        growing.read(event)
    return "".join(growing._blocks.all())


async def test_an_answer_is_followed_to_its_end_without_redis(
    process: Process, ada: UUID, fakes: ProviderServer, redis_away: AwayRedis
) -> None:
    await fakes.set(tokens_per_second=60)
    asked = await ask(process, ada, "[[say 60 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: tab.text(asked.answer_id).count("w") > 5)
        redis_away.leave()
        await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) == words(60)
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text, answer.epoch) == (Status.DONE, words(60), 1)


async def test_a_question_is_asked_and_answered_without_redis(
    process: Process, ada: UUID, redis_away: AwayRedis
) -> None:
    chat, _ = await chat_of(ada, "before", "it all")
    async with screen(process.hub, ada, chat.id) as tab:
        redis_away.leave()
        asked = await ask(process, ada, "[[say 9 words]]", chat.id)
        await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) == words(9)
        late_tab = screen(process.hub, ada, chat.id)
        async with late_tab as late:
            assert late.text(asked.answer_id) == words(9)
    await finished(process)


async def test_who_comes_in_the_middle_reads_the_log_of_the_process_itself(
    process: Process, ada: UUID, fakes: ProviderServer, redis_away: AwayRedis
) -> None:
    await fakes.set(tokens_per_second=40)
    redis_away.leave()
    asked = await ask(process, ada, "[[say 60 words]]")
    await fakes.wait(sent=10)
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: tab.text(asked.answer_id).startswith(words(5)))
        redis_away.come_back()
        await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) == words(60)


@pytest.mark.parametrize("back_after", [1, 3])
async def test_what_was_said_meanwhile_is_in_the_log_when_redis_is_back(
    installation: Settings, redis_away: AwayRedis, back_after: int
) -> None:
    writer, answer_id = LogWriter(), new_id()
    log = writer.open(USER, CHAT, answer_id, 1)
    log.text("one ")
    await writer.flush()
    redis_away.leave()
    for said in ("two ", "three ", "four ")[:back_after]:
        log.text(said)
        await writer.flush()
    here = await read(CHAT, answer_id, START)
    redis_away.come_back()
    await writer.flush()
    there = await read(CHAT, answer_id, START)
    assert [(e.position, e.data) for e in here] == [(e.position, e.data) for e in there]
    assert "".join(e.data for e in there) == "one two three four "[: len(log.said)]


async def test_a_log_read_here_goes_on_where_the_reader_is(
    installation: Settings, redis_away: AwayRedis
) -> None:
    writer, answer_id = LogWriter(), new_id()
    log = writer.open(USER, CHAT, answer_id, 2)
    redis_away.leave()
    log.text("one ")
    await writer.flush()
    log.text("two ")
    await writer.flush()
    assert [e.data for e in await read(CHAT, answer_id, Position(2, 1))] == ["two "]
    assert [e.data for e in await read(CHAT, answer_id, Position(1, 40))] == ["one ", "two "]
    log.restart()
    log.text("again ")
    await writer.flush()
    events = await read(CHAT, answer_id, Position(2, 1))
    assert [(e.kind, e.data) for e in events] == [(Kind.RESTART, None), (Kind.TEXT, "again ")]
    assert await read(CHAT, answer_id, events[-1].position) == []


async def test_a_log_that_another_process_writes_cannot_be_read_without_redis(
    installation: Settings, redis_away: AwayRedis
) -> None:
    redis_away.leave()
    with pytest.raises(Unreachable):
        await read(CHAT, new_id(), START)


def test_words_after_a_hole_are_not_shown() -> None:
    growing = Growing(new_id())
    assert shown(growing, text(1, "one "), text(3, "three ")) == "one "
    assert growing.misses(text(3, "three "))
    assert shown(growing, text(2, "two "), text(3, "three ")) == "one two three "


def test_words_of_a_new_writer_are_shown_from_its_first() -> None:
    growing = Growing(new_id())
    before = [text(number, f"{number} ") for number in range(1, 9)]
    assert shown(growing, *before, text(3, "late ", epoch=2)) == "1 2 3 4 5 6 7 8 "
    assert growing.misses(text(3, "late ", epoch=2))
    assert shown(growing, text(1, "new ", epoch=2)) == "new "
    assert shown(growing, text(9, "9 ")) == "new "


def test_who_begins_in_the_middle_waits_for_the_beginning() -> None:
    growing = Growing(new_id())
    assert shown(growing, text(5, "five ")) == ""
    assert shown(growing, text(6, "", kind=Kind.RESTART), text(7, "all ")) == "all "


async def test_one_who_joined_ends_with_no_words_missing(installation: Settings) -> None:
    writer = LogWriter()
    own, followed = writer.open(USER, CHAT, new_id(), 1), new_id()
    mirror = Mirror(CHAT, followed, own)

    def event(number: int, kind: Kind, data: Any) -> Event:
        return Event(kind, CHAT, followed, Position(1, number), data)

    end = {"status": "done", "for_all": True}
    await mirror.read([event(1, Kind.TEXT, "one "), event(3, Kind.END, end)])
    assert mirror.ending is None
    await mirror.read([event(2, Kind.TEXT, "two "), event(3, Kind.END, end)])
    assert (own.said, mirror.ending is not None) == ("one two ", True)


async def test_what_is_told_here_reaches_those_who_follow_here(hub: Hub) -> None:
    said = Event(Kind.CHATS, CHAT)
    async with hub.subscribed(channel(USER)) as subscription:
        subscription.lag()
        await subscription.wait()
        deliver_here(channel(USER), said)
        deliver_here(channel(new_id()), said)
        assert await subscription.wait() == ([said], False)


async def test_nobody_is_judged_dead_before_all_could_say_that_they_live(
    process: Process, ada: UUID, redis_away: AwayRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = process.runner.lease
    assert own.can_judge()
    redis_away.leave()
    await own.renew()
    assert not own.can_judge()
    redis_away.come_back()
    await own.renew()
    assert not own.can_judge()
    monkeypatch.setattr(lease, "LEASE", -lease.BEAT)
    assert own.can_judge()
    # Its own sign of life is gone: Redis has lost the others' as well.
    monkeypatch.undo()
    await lease.leave(own.holder)
    await own.renew()
    assert not own.can_judge()


async def test_an_end_of_which_nobody_was_told_is_seen_all_the_same(
    process: Process, ada: UUID, fakes: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatapp.answers.follower.QUIET", 0.3)
    await fakes.set(tokens_per_second=40)
    asked = await ask(process, ada, "[[say 40 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: tab.text(asked.answer_id).count("w") > 2)
        monkeypatch.setattr(process.hub, "deliver", lambda *_: None)
        # There may be news of another chat all the time.
        others = asyncio.create_task(_news(tab_of=process, user_id=ada))
        await tab.ended(asked.answer_id)
        others.cancel()
        assert tab.text(asked.answer_id) == words(40)


async def _news(tab_of: Process, user_id: UUID) -> None:
    while True:
        for follower in tab_of.hub._followers.get(channel(user_id), ()):
            follower.put(Event(Kind.THUMB, new_id(), new_id()))
        await asyncio.sleep(0.05)
