"""``python -m bench relay [streams | subject …]``: how many streams of 50 tokens/s one core relays.

The process that is measured has one core, everything else has the others. How late each token is
on the screen, to the millisecond, follows from what the provider says (:mod:`bench.load.words`).
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import aiohttp

from bench import cpu
from bench.baseline import Naive, NaiveTab
from bench.line import Delta
from bench.load import words
from bench.peer import Chainlit, ChainlitTab
from bench.product import Product, ProductTab
from bench.subject import Subject, Tab, Turn
from chatapp.ui.blocks import PIECE, blocks_of
from tests.fakes import ProviderServer
from tests.harness.backends import Real
from tests.harness.processes import Process, accepts, free_port
from tests.harness.services import Services

RATE = 50
WORDS = 500
"""Of each answer: ten seconds."""
BAR = 150.0
"""Milliseconds that a token may be late, at the 95th percentile."""
STREAMS = {"bare": (40, 80, 100), "chatapp": (40, 80, 100), "naive": (5, 10), "chainlit": (10, 20)}
WITHIN = 2.0
"""In how many seconds the questions of a step are asked."""
BEGINNING = 25
"""Tokens of each answer that do not count: its question is still being worked on."""


class LeanProvider:
    """The provider, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "bench.load.provider", str(self.port)]
        self.process = Process(command, folder / "provider.log")

    def base_url(self, _provider: str, _account: str = "") -> str:
        """Its address, whatever follows."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        await self.process.start(lambda: accepts("127.0.0.1", self.port))


@dataclass
class Growth:
    """When how many tokens of an answer were there."""

    opening: str = ""
    steps: list[tuple[float, int]] = field(default_factory=list)

    def note(self, at: float, tokens: int) -> None:
        """At a moment, in seconds of the monotonic clock, there were so many."""
        if not self.steps or tokens > self.steps[-1][1]:
            self.steps.append((at, tokens))

    def late(self, shown: str, rate: int = RATE) -> list[float]:
        """How late each token was, in milliseconds, when so many were said a second."""
        first, there, late = float(shown[1:13]), 0, list[float]()
        for at, tokens in self.steps:
            late += [at * 1000 - first - 1000 * n / rate for n in range(there, tokens)]
            there = tokens
        return late[BEGINNING:]


class _Grows:
    """What a tab's turn has seen; mixed into the tabs of all subjects."""

    growth: Growth
    at = 0.0


class RelayProductTab(_Grows, ProductTab):
    """Notes the growth of each block."""

    def _on_delta(self, delta: Delta, at: float) -> None:
        self.at = at
        super()._on_delta(delta, at)

    def _collect(self, name: str, value: str) -> bool:
        _answer, _take, block, piece = name.split(".")
        if value:
            length = int(piece) * PIECE + len(value)
            self.growth.note(self.at, words.tokens_until(int(block), length))
        return super()._collect(name, value)


class RelayNaiveTab(_Grows, NaiveTab):
    """Notes the growth of the last message."""

    def _on_delta(self, delta: Delta, at: float) -> None:
        answering = self.turn is not None
        super()._on_delta(delta, at)
        if answering and len(self._messages) > self._before + 1:
            self.growth.note(at, tokens_of(len(self._messages[-1]["text"])))


class RelayChainlitTab(_Grows, ChainlitTab):
    """Notes the growth of the answer."""

    def shows(self, text: str, at: float) -> None:
        super().shows(text, at)
        self.growth.note(at, tokens_of(len(text)))


class BareTab(_Grows, Tab):
    """A websocket to the bare relay."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        super().__init__()
        self._socket = socket
        self._reader = asyncio.create_task(self._read())
        self._sending: set[asyncio.Task[None]] = set()

    def send(self, question: str) -> None:
        task = asyncio.create_task(self._socket.send_str(question))
        self._sending.add(task)

    async def _read(self) -> None:
        text = ""
        async for message in self._socket:
            at = time.monotonic()
            text += message.data
            if self.turn is None:
                continue
            self.growth.note(at, tokens_of(len(text.rstrip("\0"))))
            self.turn.speak(at)
            if text.endswith("\0"):
                turn, self.turn = self.turn, None
                turn.end(text[:-1])
                text = ""

    async def close(self) -> None:
        await self._socket.close()
        await self._reader


class Bare(Subject):
    """The limit: nothing but the words."""

    name = "bare"

    def __init__(self, provider: ProviderServer, folder: Path) -> None:
        super().__init__(provider)
        self._port = free_port()
        env = {
            **os.environ,
            "PROVIDER_URL": f"{self.provider_url}/v1/chat/completions",
            "PORT": str(self._port),
        }
        self._process = Process([sys.executable, "-m", "bench.bare"], folder / "bare.log", env)
        self._session: aiohttp.ClientSession | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def start(self) -> None:
        await self._process.start(lambda: accepts("127.0.0.1", self._port))
        self._session = aiohttp.ClientSession()

    async def stop(self) -> None:
        if self._session:
            await self._session.close()
        await self._process.stop()

    async def open_tab(self, messages: int = 0, *, deflate: bool = True) -> BareTab:
        assert self._session is not None
        return BareTab(
            await self._session.ws_connect(f"http://127.0.0.1:{self._port}/", compress=15)
        )

    async def wrong(self, turns: list[Turn], expected: str) -> list[str]:
        return []


@dataclass
class Step:
    """What so many streams cost and how late they were."""

    name: str
    streams: int
    late: list[float]
    cpu: float
    tokens: int
    wrong: int
    rate: int = RATE

    @property
    def p95(self) -> float:
        """Milliseconds."""
        return statistics.quantiles(self.late, n=100)[94]

    def cells(self) -> list[str]:
        """For the table."""
        micros = self.cpu / self.tokens * 1e6
        return [
            self.name,
            str(self.streams),
            f"{self.streams * self.rate:,}",
            f"{statistics.median(self.late):,.0f} ms",
            f"{self.p95:,.0f} ms",
            f"{micros:,.0f} µs",
            f"{1e6 / micros:,.0f}",
            "" if not self.wrong else f"{self.wrong} WRONG",
        ]


HEAD = ["", "streams", "tokens/s", "late p50", "p95", "CPU a token", "tokens a CPU second", ""]


def tokens_of(length: int) -> int:
    """How many tokens are there when so many characters of an answer are."""
    rest = length - len(words.first(0))
    if rest < 0:
        return 0
    paragraphs, rest = divmod(rest, 1 + words.PARAGRAPH * words.WIDTH)
    begun = (rest - 1) // words.WIDTH if rest > words.WIDTH else 0
    return 1 + paragraphs * words.PARAGRAPH + begun


async def main(wanted: Sequence[str]) -> int:
    """Measure and print; 1 if any answer was wrong."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chatapp-relay-")))
        services = Services(stack, folder)
        lean = LeanProvider(folder)
        await lean.start()
        stack.push_async_callback(lean.process.stop)
        provider = cast("ProviderServer", lean)
        env = await Real(services.postgres, services.redis).fresh(folder)
        product = Product(provider, env, folder)
        naive = Naive(provider, (await services.redis()).url(), folder)
        product.tab_type, naive.tab_type = RelayProductTab, RelayNaiveTab
        subjects: list[Subject] = [Bare(provider, folder), product, naive]
        if python := await Chainlit.python():
            chainlit = Chainlit(provider, folder, python)
            chainlit.tab_type = RelayChainlitTab
            subjects.append(chainlit)
        named = [each for each in subjects if each.name in wanted] or subjects
        own, others = _cores()
        os.sched_setaffinity(0, others)
        steps: list[Step] = []
        counts = [int(each) for each in wanted if each.isdecimal()]
        for subject in named:
            stack.push_async_callback(subject.stop)
            await subject.start()
            _pin(subject.pid, own)
        for subject in named:
            for streams in counts or STREAMS[subject.name]:
                steps.append(await step(subject, streams))
                print("  ".join(steps[-1].cells()), flush=True)
    show([HEAD, *(step.cells() for step in steps)])
    return 1 if any(step.wrong for step in steps) else 0


def _cores() -> tuple[set[int], set[int]]:
    there = sorted(os.sched_getaffinity(0))
    return {there[0]}, set(there[1:]) or {there[0]}


def _pin(pid: int, cores: set[int]) -> None:
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)


async def step(subject: Subject, streams: int, count: int = WORDS, rate: int = RATE) -> Step:
    """Let so many tabs have an answer at the same time, each of so many words at such a rate."""
    tabs = [cast("Any", await subject.open_tab()) for _ in range(streams)]
    try:
        await _ask(tabs[:5], 20, 0.1, rate)
        await asyncio.sleep(1)
        idle = cpu.used(subject.pid)
        await asyncio.sleep(1)
        began = cpu.used(subject.pid)
        idle, since = began - idle, time.monotonic()
        turns = await _ask(tabs, count, WITHIN, rate)
        used = cpu.used(subject.pid) - began - idle * (time.monotonic() - since)
    finally:
        await asyncio.gather(*(tab.close() for tab in tabs))
    late = [
        each
        for tab, turn in zip(tabs, turns, strict=True)
        for each in tab.growth.late(turn.shown or "T000000000000", rate)
    ]
    split: Callable[[str], str] = lambda text: "\n\n".join(blocks_of(text))  # noqa: E731
    wrong = sum(
        (turn.shown or "") != split(words.text((turn.shown or "")[:13], count)) for turn in turns
    )
    return Step(subject.name, streams, late, used, streams * (count + 1), wrong, rate)


async def _ask(tabs: Sequence[Any], count: int, within: float, rate: int) -> list[Turn]:
    turns: list[Turn] = []
    for number, tab in enumerate(tabs):
        tab.growth = Growth()
        turns.append(tab.ask(f"{tab} {number}: {words.order(count, rate)}"))
        await asyncio.sleep(within / len(tabs))
    return list(await asyncio.gather(*(turn.wait() for turn in turns)))


def show(lines: list[list[str]]) -> None:
    """Print a table whose first line is its head."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    print()
    for line in lines:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
