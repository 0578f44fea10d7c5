"""The sockets of tabs: on the wire the same as the library's, for less; nothing stays of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import reflex as rx
import socketio
from reflex.app import _sio_dumps
from reflex.state import StateUpdate
from reflex_base.registry import RegistrationContext

from chatapp.chats.models import Status
from chatapp.ui import tabs

NAME = "/_event"
PING, PONG = "2", "3"
SOON = 10.0
"""Seconds after which what is waited for will not come."""

Server = socketio.AsyncServer


def theirs() -> Server:
    """The library's own server, with our settings."""
    ours: Any = tabs.server()
    return Server(
        async_mode="asgi",
        cors_allowed_origins=ours.eio.cors_allowed_origins,
        max_http_buffer_size=ours.eio.max_http_buffer_size,
        ping_interval=ours.eio.ping_interval,
        ping_timeout=ours.eio.ping_timeout,
        json=ours.packet_class.json,
        allow_upgrades=False,
        transports=["websocket"],
        async_handlers=False,
    )


class Tabs(socketio.AsyncNamespace):
    """Remembers who came, went and said what."""

    def __init__(self) -> None:
        super().__init__(NAME)
        self.came: list[str] = []
        self.went: list[str] = []
        self.said: list[tuple[str, Any]] = []
        self.left = asyncio.Event()

    def on_connect(self, sid: str, _environ: Any, _auth: Any = None) -> None:
        self.came.append(sid)

    def on_disconnect(self, sid: str) -> None:
        self.went.append(sid)
        self.left.set()

    async def on_event(self, sid: str, data: Any) -> None:
        self.said.append((sid, data))


class Wire:
    """A WebSocket as a server of ASGI gives it to the app, with the tab at its other end."""

    def __init__(self, server: Server) -> None:
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._out: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._app = socketio.ASGIApp(server, socketio_path="")
        self.broken = False
        self.taken = asyncio.Event()
        self.taken.set()

    async def run(self) -> None:
        query = b"EIO=4&transport=websocket"
        headers = [(b"upgrade", b"websocket"), (b"connection", b"Upgrade")]
        scope = {"type": "websocket", "path": "/", "query_string": query, "headers": headers}
        self._in.put_nowait({"type": "websocket.connect"})
        await self._app(scope, self._in.get, self._send)

    async def _send(self, message: dict[str, Any]) -> None:
        if self.broken:
            raise OSError("The connection is lost")
        await self.taken.wait()
        self._out.put_nowait(message)

    def say(self, text: str) -> None:
        self._in.put_nowait({"type": "websocket.receive", "text": text})

    def leave(self) -> None:
        self._in.put_nowait({"type": "websocket.disconnect", "code": 1001})

    async def hear(self) -> str:
        """The next thing that the tab is sent; nothing when it is closed."""
        async with asyncio.timeout(SOON):
            message = await self._out.get()
            while message["type"] == "websocket.accept":
                message = await self._out.get()
        return message.get("text") or ""

    async def joined(self) -> str:
        """Come in as a tab; what it is told about heartbeats."""
        about = await self.hear()
        self.say(f"40{NAME},")
        assert (await self.hear()).startswith(f"40{NAME},")
        return about


class World:
    """A server with its tabs."""

    def __init__(self, server: Server) -> None:
        self.server, self.tabs = server, Tabs()
        self.wires: dict[Wire, asyncio.Task[None]] = {}
        server.register_namespace(self.tabs)

    async def open(self) -> Wire:
        wire = Wire(self.server)
        self.wires[wire] = asyncio.create_task(wire.run())
        return wire

    async def tab(self) -> tuple[Wire, str]:
        """A tab that has come in, and its name."""
        wire = await self.open()
        await wire.joined()
        return wire, self.tabs.came[-1]

    async def ended(self, wire: Wire) -> None:
        """Wait until the server is done with a tab."""
        async with asyncio.timeout(SOON):
            await self.wires[wire]


@asynccontextmanager
async def world(server: Server) -> AsyncIterator[World]:
    """A world of which no task and no socket is left."""
    before = asyncio.all_tasks()
    made = World(server)
    yield made
    for wire in made.wires:
        wire.leave()
        await made.ended(wire)
    assert not server.eio.sockets
    assert asyncio.all_tasks() <= before
    assert sorted(made.tabs.went) == sorted(made.tabs.came)


def server(interval: float = 60, timeout: float = 60) -> Server:
    """Ours, with another heartbeat."""
    made = tabs.server()
    made.eio.ping_interval, made.eio.ping_timeout = interval, timeout
    return made


def plain(options: dict[str, Any]) -> dict[str, Any]:
    kinds = (str, int, float, list, type(None))
    return {name: value for name, value in options.items() if isinstance(value, kinds)}


def test_it_is_set_as_reflex_sets_its_own() -> None:
    with RegistrationContext.ensure_context().fork():
        reflex: Any = rx.App().sio
    ours: Any = tabs.server()
    expected = {**plain(vars(reflex.eio)), "start_service_task": False}
    assert plain(vars(ours.eio)) == expected
    assert plain(vars(ours)) == plain(vars(reflex))
    update = StateUpdate(delta={"state": {"name": "ä\u2028\n"}})
    assert ours.packet_class.json.dumps([update], separators=(",", ":")) == (
        '[{"delta":{"state":{"name":"ä\u2028\\n"}}}]'
    )


@pytest.mark.parametrize(
    "value",
    [
        {"one": 1, "none": None, "text": 'ü “q” \u2028 \\ "', "list": [1.5, True, []]},
        {"id": UUID(int=7), "status": Status.DONE, "pair": (1, 2)},
        datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC),
        {1: "a number's name", None: "nobody's"},
        2**70,
    ],
)
def test_a_packet_says_what_reflex_would_say(value: Any) -> None:
    update = StateUpdate(delta={"state": {"name": value}})
    options: dict[str, Any] = {"separators": (",", ":")}
    dumps = tabs.server().packet_class.json.dumps  # type: ignore[attr-defined]
    assert dumps(["event", update], **options) == _sio_dumps(["event", update], **options)


async def conversation(made: Server) -> list[str]:
    """Everything that a tab is sent that comes, is told things, beats and is sent away."""
    made.eio.ping_interval = 0.01
    space = World(made)
    wire = await space.open()
    heard = [await wire.hear()]
    wire.say(f'40{NAME},{{"token":1}}')
    heard.append(await wire.hear())
    name = space.tabs.came[0]
    for beat in range(2):
        assert await wire.hear() == PING
        for data in (None, "word", 7, ("two", {"values": [beat]}), {"ä": b"bytes"}):
            await space.tabs.emit("event", data, to=name)
        await space.tabs.emit("event", StateUpdate(delta={"s": {"v": 1}}), room=name)
        await space.tabs.emit("event", "to all")
        await space.tabs.emit("event", "to some", to=["nobody", name])
        await space.tabs.emit("event", "to others", skip_sid=name)
        await space.tabs.emit("event", "to nobody", to="nobody")
        await space.tabs.emit("event", "answer me", to=name, callback=print)
        heard += [await wire.hear() for _ in range(10)]
        wire.say(f'42{NAME},["event",{{"n":{beat}}}]')
        wire.say(f'42{NAME},7["event",1]')
        heard.append(await wire.hear())
        wire.say("6")
        wire.say(PONG)
    assert await wire.hear() == PING
    assert space.tabs.said == [(name, {"n": 0}), (name, 1), (name, {"n": 1}), (name, 1)]
    await made.disconnect(name, namespace=NAME)
    heard.append(await wire.hear())
    wire.leave()
    await space.ended(wire)
    heard.append(await wire.hear())
    assert space.tabs.went == [name]
    await made.shutdown()
    for sid in (name, str(heard[0]).split('"')[3]):
        heard = [each.replace(sid, "SID") for each in heard]
    return heard


async def test_on_the_wire_it_is_as_the_library() -> None:
    assert await conversation(tabs.server()) == await conversation(theirs())


async def tasks_of(work: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """How many tasks are made while a piece of work is done."""
    loop = asyncio.get_running_loop()
    made: list[object] = []

    def factory(loop: asyncio.AbstractEventLoop, coro: Any, **about: Any) -> asyncio.Task[Any]:
        made.append(coro)
        return asyncio.Task(coro, loop=loop, **about)

    loop.set_task_factory(factory)
    try:
        await work()
    finally:
        loop.set_task_factory(None)
    return len(made)


async def test_a_packet_and_a_heartbeat_make_no_task() -> None:
    async with world(server(interval=0.01)) as here:
        wire, name = await here.tab()

        async def talk() -> None:
            for number in range(5):
                assert await wire.hear() == PING
                await here.tabs.emit("event", number, to=name)
                assert await wire.hear() == f'42{NAME},["event",{number}]'
                wire.say(f'42{NAME},["event",{number}]')
                wire.say(PONG)
            assert await wire.hear() == PING

        assert await tasks_of(talk) == 0
        assert [data for _name, data in here.tabs.said] == [*range(5)]


async def test_an_idle_tab_has_two_tasks() -> None:
    before = len(asyncio.all_tasks())
    async with world(server()) as here:
        for _ in range(3):
            await here.tab()
        assert len(asyncio.all_tasks()) == before + 3 * 2


async def test_heartbeats_go_in_step() -> None:
    async with world(server()) as here:
        before = asyncio.get_running_loop().time()
        for _ in range(3):
            await here.tab()
        after = asyncio.get_running_loop().time()
        for socket in here.server.eio.sockets.values():
            due = socket._beat.when()
            assert before + 60 <= due < after + 60 + tabs.STEP
            assert due / tabs.STEP == pytest.approx(round(due / tabs.STEP), abs=1e-6)


async def test_each_tab_is_sent_what_is_for_it_in_order_and_once() -> None:
    async with world(server()) as here:
        open_tabs = [await here.tab() for _ in range(4)]

        async def tell(name: str) -> None:
            for number in range(200):
                await here.tabs.emit("event", f"{name} {number}", to=name)
                if number % 7 == 0:
                    await asyncio.sleep(0)

        await asyncio.gather(*(tell(name) for _wire, name in open_tabs))
        for wire, name in open_tabs:
            heard = [await wire.hear() for _ in range(200)]
            assert heard == [f'42{NAME},["event","{name} {n}"]' for n in range(200)]
            assert wire._out.empty()


async def test_who_is_closed_is_sent_first_what_was_said_before() -> None:
    async with world(server()) as here:
        wire, name = await here.tab()
        for number in range(3):
            await here.tabs.emit("event", number, to=name)
        wire.leave()
        heard = [await wire.hear() for _ in range(4)]
        assert heard == [*(f'42{NAME},["event",{n}]' for n in range(3)), ""]
        await here.ended(wire)


async def test_what_is_said_to_a_tab_that_has_gone_goes_nowhere() -> None:
    async with world(server()) as here:
        (left, name), (stays, _) = await here.tab(), await here.tab()
        left.leave()
        await here.ended(left)
        await here.tabs.emit("event", "late", to=name)
        assert stays._out.empty()


async def test_a_lost_connection_leaves_nothing() -> None:
    async with world(server()) as here:
        wire, name = await here.tab()
        wire.broken = True
        await here.tabs.emit("event", 1, to=name)
        await asyncio.sleep(0)
        await here.tabs.emit("event", 2, to=name)
        wire.leave()
        await here.ended(wire)
        assert here.tabs.went == [name]


async def test_a_silent_tab_is_closed_and_one_that_answers_is_not() -> None:
    async with world(server(interval=0.05, timeout=1.5)) as here:
        (silent, name), (alive, _) = await here.tab(), await here.tab()

        async def answer() -> None:
            while await alive.hear() == PING:
                alive.say(PONG)

        answering = asyncio.create_task(answer())
        assert [await silent.hear(), await silent.hear()] == [PING, ""]
        await here.ended(silent)
        assert here.tabs.went == [name]
        assert not here.wires[alive].done()
        alive.leave()
        await answering


async def test_one_that_takes_nothing_in_counts_as_gone_when_it_is_silent() -> None:
    async with world(server(interval=0.05, timeout=0.1)) as here:
        wire, name = await here.tab()
        wire.taken.clear()
        async with asyncio.timeout(SOON):
            await here.tabs.left.wait()
        assert here.tabs.went == [name]
        assert not here.wires[wire].done()
        wire.taken.set()


async def test_a_tab_that_answers_no_heartbeat_is_sent_nothing_more() -> None:
    async with world(server(interval=0.01, timeout=SOON)) as here:
        wire, name = await here.tab()
        assert await wire.hear() == PING
        here.server.eio.ping_timeout = 0
        await asyncio.sleep(0.01)
        await here.tabs.emit("event", 1, to=name)
        assert here.tabs.went == [name]
        assert wire._out.empty()


@pytest.mark.parametrize("said", ["", "x", "4" * 1_000_001, "0", f"4{'[' * 100_000}", "b%"])
async def test_who_says_what_is_none_of_the_protocol_harms_nobody(said: str) -> None:
    made = server()
    made.eio.logger.disabled = True
    try:
        async with world(made) as here:
            (odd, _), (good, name) = await here.tab(), await here.tab()
            odd.say(said)
            odd.leave()
            await here.ended(odd)
            await here.tabs.emit("event", 1, to=name)
            assert await good.hear() == f'42{NAME},["event",1]'
    finally:
        made.eio.logger.disabled = False


async def test_a_process_that_ends_lets_its_sockets_go() -> None:
    async with world(server()) as here:
        wire, name = await here.tab()
        here.wires[wire].cancel()
        assert await wire.hear() == ""
        await here.ended(wire)
        assert here.tabs.went == [name]


async def test_what_waits_for_a_tab_can_be_waited_for() -> None:
    async with world(server()) as here:
        wire, name = await here.tab()
        socket = here.server.eio.sockets[here.server.manager.eio_sid_from_sid(name, NAME)]
        for number in range(3):
            await here.tabs.emit("event", number, to=name)
        assert socket.queue.qsize() == 3
        async with asyncio.timeout(SOON):
            await socket.queue.join()
        assert socket.queue.empty()
        assert await wire.hear() == f'42{NAME},["event",0]'
