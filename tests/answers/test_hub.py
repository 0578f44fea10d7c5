"""One reader for all followers of a process: everybody gets theirs, and nothing is left behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self
from uuid import UUID

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as Silent

from chatapp import redis as connection
from chatapp.answers import hub as module
from chatapp.answers.events import Event, Kind, Position, channel
from chatapp.answers.hub import LARGEST, QUEUE, Hub, Subscription
from chatapp.answers.telling import tell
from chatapp.database import new_id, now
from chatapp.settings import Settings

WAIT_SECONDS = 10


async def next_events(subscription: Subscription) -> tuple[list[Event], bool]:
    async with asyncio.timeout(WAIT_SECONDS):
        return await subscription.wait()


@asynccontextmanager
async def followed(hub: Hub, user_id: UUID) -> AsyncIterator[Subscription]:
    """A subscription of whom nothing waits but what comes from now on."""
    async with hub.subscribed(channel(user_id)) as subscription:
        subscription.lag()
        await next_events(subscription)
        yield subscription


def event() -> Event:
    return Event(Kind.CHATS, new_id())


async def nobody_listens(people: list[UUID]) -> None:
    """Unsubscribing is said at once and done soon."""
    names = {channel(user_id).encode() for user_id in people}
    async with asyncio.timeout(WAIT_SECONDS):
        # Redis does not tell, and has one set of channels for all of its databases.
        while names & set(await connection.redis().pubsub_channels("user:*")):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_all_followers_of_a_person_get_everything_and_others_nothing(hub: Hub) -> None:
    ada, eve = new_id(), new_id()
    async with followed(hub, ada) as one, followed(hub, ada) as two, followed(hub, eve) as other:
        mine, theirs = event(), event()
        await tell(ada, mine)
        await tell(eve, theirs)
        assert await next_events(one) == ([mine], False)
        assert await next_events(two) == ([mine], False)
        assert await next_events(other) == ([theirs], False)


async def test_a_follower_that_leaves_does_not_take_the_other_along(hub: Hub) -> None:
    ada = new_id()
    async with followed(hub, ada) as stays:
        async with followed(hub, ada):
            pass
        told = event()
        await tell(ada, told)
        assert await next_events(stays) == ([told], False)


async def test_who_comes_while_the_hub_connects_is_told(installation: Settings) -> None:
    for _ in range(10):
        hub, people = Hub(), [new_id() for _ in range(5)]
        async with hub.running(), AsyncExitStack() as stack:
            there = [
                await stack.enter_async_context(hub.subscribed(channel(each)))
                for each in people[:1]
            ]
            there += await asyncio.gather(
                *(stack.enter_async_context(hub.subscribed(channel(each))) for each in people[1:])
            )
            told = event()
            for user_id in people:
                await tell(user_id, told)
            for subscription in there:
                events: list[Event] = []
                while told not in events:
                    events, _ = await next_events(subscription)


async def test_who_is_told_directly_hears_what_others_hear(hub: Hub) -> None:
    ada, question = new_id(), new_id()
    told = Event(Kind.ASKED, new_id(), new_id(), data={"question": question, "at": now()})
    async with followed(hub, ada) as subscription:
        await tell(ada, told)
        [heard], _ = await next_events(subscription)
    assert heard == Event.decode(told.encode())
    assert heard.data["question"] == str(question)


async def test_who_comes_back_is_told_again(hub: Hub) -> None:
    ada = new_id()
    for _ in range(20):
        async with followed(hub, ada) as subscription:
            told = event()
            await tell(ada, told)
            assert (await next_events(subscription))[0] == [told]


async def test_nothing_is_left_of_those_who_have_gone(hub: Hub) -> None:
    people = [new_id() for _ in range(200)]
    before = len(asyncio.all_tasks())

    async def visit(user_id: UUID) -> None:
        async with hub.subscribed(channel(user_id)):
            await asyncio.sleep(0)

    await asyncio.gather(*(visit(user_id) for user_id in people))
    await nobody_listens(people)
    assert not hub._followers
    assert not [name for name in hub._confirmed if name.startswith("user:")]
    assert len(asyncio.all_tasks()) < before + 5


async def test_nothing_is_left_of_those_who_went_before_they_were_there(hub: Hub) -> None:
    people = [new_id() for _ in range(200)]

    async def visit(user_id: UUID) -> None:
        async with hub.subscribed(channel(user_id)):
            pytest.fail("nobody was to wait so long")

    visits = [asyncio.create_task(visit(user_id)) for user_id in people]
    await asyncio.sleep(0)
    for task in visits:
        task.cancel()
    await asyncio.gather(*visits, return_exceptions=True)
    async with followed(hub, new_id()):
        pass  # what was said before is done by now
    await nobody_listens(people)
    assert not hub._followers
    assert not [name for name in hub._confirmed if name.startswith("user:")]


async def test_coming_and_going_at_once_loses_nobody(hub: Hub) -> None:
    ada = new_id()

    async def visit() -> None:
        for _ in range(10):
            async with hub.subscribed(channel(ada)):
                await asyncio.sleep(0)

    for _ in range(5):
        await asyncio.gather(*(visit() for _ in range(5)))
        async with followed(hub, ada) as subscription:
            told = event()
            await tell(ada, told)
            assert (await next_events(subscription))[0] == [told]


async def test_a_follower_that_falls_behind_is_told_and_bounded(hub: Hub) -> None:
    ada = new_id()
    async with followed(hub, ada) as slow, followed(hub, ada) as quick:
        heard = 0
        for _ in range(3):
            for _ in range(QUEUE // 2):
                await tell(ada, event())
            while heard % (QUEUE // 2) or not heard:
                heard += len((await next_events(quick))[0])
            assert len(slow._events) <= QUEUE
            heard = 0
        events, lagged = await next_events(slow)
        assert lagged
        assert len(events) < QUEUE
        last = event()
        await tell(ada, last)
        assert await next_events(slow) == ([last], False)


def test_a_queue_that_was_full_begins_again() -> None:
    subscription = Subscription()
    for _ in range(100 * QUEUE):
        subscription.put(event())
        assert len(subscription._events) <= QUEUE
    assert subscription.lagged


def test_few_long_events_are_as_many_as_many_short_ones() -> None:
    subscription, answer = Subscription(), new_id()
    for number in range(1, 100):
        text = "x" * (LARGEST // 3)
        subscription.put(Event(Kind.TEXT, new_id(), answer, Position(1, number), text))
        assert sum(len(event.data) for event in subscription._events) <= LARGEST
    assert subscription.lagged


async def test_one_event_alone_always_has_room() -> None:
    subscription = Subscription()
    longest = Event(Kind.TEXT, new_id(), new_id(), Position(1, 1), "x" * (2 * LARGEST))
    subscription.put(longest)
    assert await next_events(subscription) == ([longest], False)


async def test_what_is_no_event_of_ours_does_not_end_the_hub(hub: Hub) -> None:
    ada = new_id()
    odd_kind = event().encode().replace(b'"chats"', b'"of a later version"')
    async with followed(hub, ada) as subscription:
        for odd in (b"nonsense", b"[]", b"null", b"[1,2,3,4,5]", odd_kind, b"\xff"):
            await connection.redis().publish(channel(ada), odd)
        told = event()
        await tell(ada, told)
        assert (await next_events(subscription))[0] == [told]


async def test_who_could_not_be_subscribed_for_a_moment_is_subscribed_later(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, eve = new_id(), new_id()
    async with followed(hub, eve) as other:
        # The hub may let go of it as soon as it hears anything.
        pubsub = hub._pubsub
        assert pubsub is not None
        subscribe = pubsub.subscribe
        monkeypatch.setattr(pubsub, "subscribe", _refuse)
        async with hub.subscribed(channel(ada)) as subscription:
            monkeypatch.setattr(pubsub, "subscribe", subscribe)
            # Something comes for somebody else, and what was not said is said.
            await tell(eve, event())
            # Whoever follows looks again: something may have been missed.
            for follower in (other, subscription):
                lagged = False
                while not lagged:
                    _, lagged = await next_events(follower)
            mine, heard = event(), []
            while mine not in heard:  # a follower that is to look again drops what waits for it
                await tell(ada, mine)
                heard, _ = await next_events(subscription)
            assert all(each == mine for each in heard)


async def _refuse(*_names: str) -> None:
    raise RedisConnectionError("did not answer a moment ago")


SOON = 2.0
"""Within so many seconds it is said that Redis is away."""


class SilentRedis:
    """Redis that says nothing, by a clock that moves when it is waited for."""

    def __init__(self, hub: Hub) -> None:
        self.now = 0.0
        self.blind_at: float | None = None
        self.pings = 0
        self._hub = hub

    def pubsub(self) -> Self:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        pass

    async def subscribe(self, *_names: str) -> None:
        pass

    async def ping(self) -> None:
        self.pings += 1

    async def get_message(self, timeout: float) -> dict[str, Any] | None:  # noqa: ASYNC109
        if self._hub.blind and self.blind_at is None:
            self.blind_at = self.now
        self.now += timeout
        return None


class ReadLate(SilentRedis):
    """Redis that answers at once, to a process that has no processor at every other wait."""

    async def get_message(self, timeout: float) -> dict[str, Any] | None:  # noqa: ASYNC109
        before = self.pings
        await super().get_message(timeout + 10.0)
        if self.now > 1000:
            raise RedisConnectionError("that was long enough")
        self.pings = 0
        return {"type": "pong"} if before else None


async def test_a_redis_that_says_nothing_is_noticed_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub()
    silent = SilentRedis(hub)
    monkeypatch.setattr(module, "redis", lambda: silent)
    with pytest.raises(Silent):
        await hub._read()
    assert silent.blind_at is not None
    assert silent.blind_at < SOON
    # It has had longer than that to answer before the connection is given up.
    assert silent.now > SOON
    assert silent.pings
    assert module.BLIND < SOON


async def test_a_process_that_is_late_itself_does_not_take_redis_for_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = Hub()
    late = ReadLate(hub)
    monkeypatch.setattr(module, "redis", lambda: late)
    with pytest.raises(RedisConnectionError):
        await hub._read()
    assert late.blind_at is None
