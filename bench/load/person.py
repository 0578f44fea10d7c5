"""One person with one tab, who speaks Reflex's protocol as the compiled page does."""

import asyncio
import random
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, cast

import orjson

from bench.load import words
from bench.load.counts import Counts
from bench.load.frames import Closed, Incoming, handshake, pong, text
from chatapp.ui.blocks import PIECE

SOCKET = "/_event"
ROOT = "reflex___state____state"
CHAT_STATE = f"{ROOT}.chatapp___answers___state____chat_state"
STORE = f"{ROOT}.chatapp___ui___store____store"
NAVIGATE = f"{ROOT}.reflex___state____on_load_internal_state.on_load_internal"

RUNNING = ("queued", "streaming")
PROTOCOL = version("reflex")
PATIENCE = 120.0
"""After so many seconds without its end a question counts as lost."""
RETRY, RETRIES = 0.2, 10
"""The page waits so many seconds more after each failed attempt to connect, up to ten times."""


@dataclass(frozen=True)
class Manners:
    """How people behave. Durations are in seconds; the others are shares of 1."""

    port: int = 0
    think: float = 300.0
    words: int = 300
    rate: int = 30
    stops: float = 0.03
    switches: float = 0.1
    reloads: float = 0.03
    deflate: bool = True


@dataclass(frozen=True)
class Account:
    """Who somebody is: the secret of the cookie, the chats, and the address that is come from."""

    token: str
    chats: tuple[str, ...]
    address: str


class Turn:
    """A question and what was shown of its answer."""

    __slots__ = (
        "accepted",
        "answer",
        "asked_at",
        "blocks",
        "client_id",
        "due",
        "question",
        "seen",
        "shown",
        "stop_at",
        "take",
        "timer",
        "words",
    )

    def __init__(self, manners: Manners, number: int) -> None:
        self.words = max(20, round(random.gauss(manners.words, manners.words / 5)))
        order = words.order(self.words, manners.rate)
        self.client_id = str(uuid.uuid4())
        # Unlike all others: an answer that is given again is not what is measured.
        self.question = f"What do you say to {self.client_id}, number {number}? {order}"
        self.asked_at = time.monotonic()
        self.accepted = False
        self.answer = ""
        self.blocks: dict[int, dict[int, str]] = {}
        self.take = ""
        self.due = 0.0
        self.shown = False
        self.seen = 0
        stops = random.random() < manners.stops
        self.stop_at = random.randint(5, self.words) if stops else 0
        self.timer: asyncio.TimerHandle | None = None

    def restart(self) -> None:
        """What was shown is taken back."""
        self.blocks.clear()
        self.seen = 0
        self.due = 0.0


class Person(asyncio.Protocol):
    """A tab, its connection and who sits before it."""

    def __init__(self, account: Account, manners: Manners, counts: Counts) -> None:
        self.account = account
        self.counts = counts
        self.manners = manners
        self.there = False
        """Whether the page shows the chat."""
        self.talks = False
        """Whether this person asks from time to time."""
        self.turn: Turn | None = None
        self._loop = asyncio.get_running_loop()
        self._tab = str(uuid.uuid4())
        self._chat = account.chats[0]
        self._known: set[str] = set()
        self._transport: asyncio.Transport | None = None
        self._incoming: Incoming | None = None
        self._head = b""
        self._wanted = False
        self._failures = 0
        self._began = 0.0
        self._asked = 0
        self._next: asyncio.TimerHandle | None = None

    def come(self) -> None:
        """Open the page."""
        self._wanted = True
        self._began = time.monotonic()
        self._connect()

    def leave(self) -> None:
        """Close the page."""
        self._wanted = self.there = False
        if self._next:
            self._next.cancel()
        if self._transport:
            self._transport.close()

    def drop(self) -> None:
        """Lose the connection, as when the network changes; the page comes back at once."""
        if self._transport:
            self._transport.abort()

    def talk(self, manners: Manners) -> None:
        """Begin to ask from time to time."""
        self.manners = manners
        self.talks = True
        self._think()

    def be_quiet(self) -> None:
        """Ask no more."""
        self.talks = False
        if self._next:
            self._next.cancel()

    # What people do.

    def _think(self) -> None:
        if self._next:
            self._next.cancel()
        if self.talks:
            pause = random.expovariate(1 / self.manners.think)
            self._next = self._loop.call_later(pause, self._act)

    def _act(self) -> None:
        if self.turn is None and self.there:
            chance = random.random()
            if chance < self.manners.reloads:
                self.counts.note("reloads")
                self.drop()
            elif chance < self.manners.reloads + self.manners.switches:
                self._switch()
            else:
                return self.ask()
        return self._think()

    def ask(self) -> None:
        """Send a question; what follows is thinking again."""
        self._asked += 1
        self.turn = Turn(self.manners, self._asked)
        self.turn.timer = self._loop.call_later(PATIENCE, self._give_up, self.turn)
        self.counts.note("asked")
        self._send_question(self.turn)

    def _send_question(self, turn: Turn) -> None:
        form = {"message": turn.question, "client_id": turn.client_id}
        self._send(f"{CHAT_STATE}.ask", {"form": form})

    def _switch(self) -> None:
        others = [chat for chat in self.account.chats if chat != self._chat]
        if others:
            self.counts.note("switched")
            self._chat = random.choice(others)
            self._began = time.monotonic()
            self.there = False
            self._send(NAVIGATE)

    def _give_up(self, turn: Turn) -> None:
        turn.timer = None
        if self.turn is turn:
            self.turn = None
            shown = f"{turn.seen} of {turn.words + 1} tokens, accepted: {turn.accepted}"
            self.counts.fail("a question was not answered in time", shown)
            self._think()

    # The connection.

    def _connect(self) -> None:
        self._opening = self._loop.create_task(self._open())

    async def _open(self) -> None:
        try:
            await self._loop.create_connection(
                lambda: self,
                "127.0.0.1",
                self.manners.port,
                local_addr=(self.account.address, 0),
            )
        except OSError:
            self._retry()

    def _retry(self) -> None:
        self.counts.note("connects that failed")
        self._failures = min(self._failures + 1, RETRIES)
        self._loop.call_later(RETRY * self._failures, self._again)

    def _again(self) -> None:
        if self._wanted and self._transport is None:
            self._connect()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:

        self._transport = cast("asyncio.Transport", transport)
        self._incoming = None
        self._head = b""
        host = f"127.0.0.1:{self.manners.port}"
        headers = {
            "Origin": f"http://{host}",
            "Cookie": f"chatapp_session={self.account.token}",
            "Sec-WebSocket-Protocol": PROTOCOL,
            "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) chatapp-bench",
        }
        path = f"{SOCKET}/?token={self._tab}&EIO=4&transport=websocket"
        self._transport.write(handshake(host, path, headers, deflate=self.manners.deflate))

    def connection_lost(self, exc: Exception | None) -> None:
        was_there, self.there = self.there, False
        opened = self._incoming is not None
        self._transport = None
        if not self._wanted:
            return
        if was_there:
            self.counts.note("connections lost")
            self._began = time.monotonic()
        if opened:
            # As the page does: at once the first time.
            self._connect()
        else:
            self._retry()

    def data_received(self, data: bytes) -> None:
        try:
            self._take(data)
        except Closed:
            if self._transport:
                self._transport.abort()
        except Exception as error:
            self.counts.fail("the generator failed", repr(error))
            if self._transport:
                self._transport.abort()

    def _take(self, data: bytes) -> None:
        if self._incoming is None:
            self._head += data
            head, found, data = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.counts.note(f"handshakes refused with {head[9:12].decode()}")
                assert self._transport
                self._transport.abort()
                return
            self._incoming = Incoming(deflated=b"permessage-deflate" in head)
        for message in self._incoming.messages(data):
            self._read(message)
        if self._incoming.pings:
            for payload in self._incoming.pings:
                self._write(pong(payload))
            self._incoming.pings.clear()

    def _read(self, message: bytes) -> None:
        if message.startswith(b"42"):
            name, body = orjson.loads(message[message.index(b",") + 1 :])
            if name == "event":
                if delta := body.get("delta"):
                    self._show(delta)
            elif name == "new_token":
                self._tab = body
        elif message == b"2":
            self._write(text(b"3"))
        elif message.startswith(b"0"):
            boot = {"event": self._event(f"{ROOT}.hydrate_and_load")}
            self._write(text(b"40" + SOCKET.encode() + b"," + orjson.dumps(boot)))

    def _event(self, name: str, payload: Mapping[str, Any] | None = None) -> dict[str, Any]:
        path = f"/c/{self._chat}"
        router = {"pathname": path, "asPath": path, "query": {"chat_id": self._chat}}
        event: dict[str, Any] = {"name": name, "router_data": router}
        return {**event, "payload": dict(payload)} if payload else event

    def _send(self, name: str, payload: Mapping[str, Any] | None = None) -> None:
        event = orjson.dumps(["event", self._event(name, payload)])
        self._write(text(b"42" + SOCKET.encode() + b"," + event))

    def _write(self, data: bytes) -> None:
        if self._transport:
            self._transport.write(data)

    # What is shown.

    def _show(self, delta: Mapping[str, dict[str, Any]]) -> None:
        values = delta.get(STORE)
        if not values:
            return
        chat = f"c:{self._chat}"
        if not self.there and chat in values:
            self._arrive(missing=bool(values[chat]["missing"]))
        views = [value for name, value in values.items() if name.startswith("m:")]
        if self.turn:
            self._follow(self.turn, values, views)
        self._known.update(view["id"] for view in views)

    def _follow(
        self, turn: Turn, values: Mapping[str, Any], views: Sequence[Mapping[str, Any]]
    ) -> None:
        if values.get("accepted") == turn.client_id:
            turn.accepted = True
        if values.get("refused") == turn.client_id:
            self._finish(turn)
            self.counts.fail("a question was refused", str(values.get("notice")))
            return self._think()
        for view in views:
            if not turn.answer and view["role"] == "answer" and view["id"] not in self._known:
                turn.answer, turn.accepted = view["id"], True
                self.counts.delay("accepted", (time.monotonic() - turn.asked_at) * 1000)
        if turn.answer:
            self._collect(turn, values)
        for view in views:
            if view["id"] == turn.answer and view["status"] not in RUNNING:
                return self._end(turn, view)
        return None

    def _arrive(self, *, missing: bool) -> None:
        self.there = True
        self._failures = 0
        self.counts.note("pages shown")
        self.counts.delay("page shown", (time.monotonic() - self._began) * 1000)
        if missing:
            self.counts.fail("a chat is missing")
        turn = self.turn
        if turn:
            # A new follower sends all that is there again.
            turn.restart()
            if not turn.accepted:
                self._send_question(turn)

    def _collect(self, turn: Turn, values: Mapping[str, Any]) -> None:
        prefix = turn.answer + "."
        newest = 0
        for name, value in values.items():
            if not name.startswith(prefix):
                continue
            _answer, take, block, piece = name.split(".")
            if take != turn.take:
                turn.take = take
                turn.restart()
                newest = 0
            at = int(block)
            turn.blocks.setdefault(at, {})[int(piece)] = value
            length = int(piece) * PIECE + len(value)
            if value:
                newest = max(newest, words.tokens_until(at, length))
        if newest > turn.seen:
            self._measure(turn, newest)

    def _measure(self, turn: Turn, tokens: int) -> None:
        now = time.monotonic() * 1000
        if not turn.due:
            opening = turn.blocks.get(0, {}).get(0, "")
            if not opening.startswith("T"):
                return
            turn.due = float(opening[1:13])
            if not turn.shown:
                self.counts.delay("first word", now - turn.due)
                turn.shown = True
        step, add = 1000 / self.manners.rate, self.counts.delay
        for number in range(max(turn.seen, 1), tokens):
            add("word", now - turn.due - number * step)
        self.counts.note("tokens", tokens - turn.seen)
        turn.seen = tokens
        if turn.stop_at and tokens >= turn.stop_at:
            turn.stop_at = 0
            self.counts.note("stops")
            self._send(f"{CHAT_STATE}.stop", {"answer_id": turn.answer})

    def _end(self, turn: Turn, view: Mapping[str, Any]) -> None:
        parts = [
            "".join(text for _, text in sorted(pieces.items()))
            for _, pieces in sorted(turn.blocks.items())
        ]
        shown = "\n\n".join(view["blocks"] or [part.strip("\n") for part in parts if part.strip()])
        expected = words.text(shown[:13], turn.words)
        self._finish(turn)
        if view["status"] == "stopped":
            right = expected.startswith(shown)
        else:
            right = view["status"] == "done" and shown == expected
        self.counts.note(f"answers {view['status']}")
        if not right:
            said = f"{view['status']}, {len(shown)} of {len(expected)} characters"
            self.counts.fail("a wrong answer", f"{said} {view['problem']} …{shown[-40:]!r}")
        self._think()

    def _finish(self, turn: Turn) -> None:
        if turn.timer:
            turn.timer.cancel()
        self.turn = None
