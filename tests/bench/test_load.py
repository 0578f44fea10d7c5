"""The generator itself: what it measures with, and that it speaks as the product listens."""

import asyncio
import struct
import sys
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from bench.load import words
from bench.load.counts import Counts, Delays, total
from bench.load.frames import Closed, Incoming, text
from bench.load.groups import uses
from bench.load.manners import Manners
from bench.load.person import Person
from bench.load.seeding import address, seed
from chatapp.ui.blocks import PIECE, Blocks, blocks_of
from tests.harness.app import AppServer
from tests.harness.backends import Backend
from tests.harness.processes import Process, accepts, free_port

POOL = """
[[account]]
name = "load"
provider = "openai"
api_key_env = "NO_KEY"
base_url = "http://127.0.0.1:{port}/v1"

[[member]]
tier = "fast"
account = "load"
model = "load"
"""


def test_the_place_of_a_word_tells_how_many_have_come() -> None:
    said = [words.first(1234), *(words.word(number) for number in range(200))]
    blocks = Blocks()
    for count, token in enumerate(said, 1):
        blocks.feed(token)
        shown = [*blocks.finished, blocks.current]
        pieces = [block.strip("\n") for block in shown if block.strip("\n")]
        assert words.tokens_until(len(pieces) - 1, len(pieces[-1])) == count
    assert "\n\n".join(blocks_of("".join(said))) == words.text(words.first(1234), 200)
    assert max(map(len, blocks.all())) <= PIECE


def test_percentiles_are_of_all_processes_together() -> None:
    one, other = Counts(), Counts()
    for delay in range(1, 51):
        one.delay("word", delay)
        other.delay("word", delay + 50)
    other.fail("a wrong answer", "detail")
    both = total([one, Counts.from_json(other.to_json())])
    assert both.delays_of("word").percentile(95) == 95
    assert both.delays_of("word").longest == 100
    assert both.errors == 1
    assert both.wrong == ["a wrong answer: detail"]
    assert Delays().percentile(95) == 0


def _server_frames(messages: list[bytes]) -> Iterator[bytes]:
    deflate = zlib.compressobj(6, zlib.DEFLATED, -12)
    for message in messages:
        data = (deflate.compress(message) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
        size = len(data)
        head = bytes((0xC1, size)) if size < 126 else bytes((0xC1, 126)) + struct.pack("!H", size)
        yield head + data


@pytest.mark.parametrize("cut", [1, 7, 10_000])
def test_compressed_frames_are_read_however_they_are_cut(cut: int) -> None:
    messages = [b"2", b"words and words " * 20, bytes(range(256)) * 40, b"end"]
    stream = b"".join(_server_frames(messages))
    incoming, found = Incoming(deflated=True), []
    for at in range(0, len(stream), cut):
        found += incoming.messages(stream[at : at + cut])
    assert found == messages


def test_a_ping_is_noted_and_a_close_is_told() -> None:
    incoming = Incoming(deflated=False)
    assert list(incoming.messages(b"\x89\x02hi\x81\x012")) == [b"2"]
    assert incoming.pings == [b"hi"]
    with pytest.raises(Closed, match="4401"):
        list(incoming.messages(b"\x88\x02" + struct.pack("!H", 4401)))


@pytest.mark.parametrize("size", [1, 125, 126, 70_000])
def test_what_is_sent_is_masked_and_whole(size: int) -> None:
    frame = text(b"x" * size)
    assert frame[0] == 0x81
    assert frame[1] & 0x80
    assert frame.endswith(b"\0\0\0\0" + b"x" * size)


def test_everybody_has_an_address_of_their_own() -> None:
    assert len({address(number) for number in range(100_000)}) == 100_000


def test_the_time_of_a_process_and_its_children_is_counted() -> None:
    before = uses({"us": [1]})["us"].cpu
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    assert uses({"us": [1]})["us"].cpu >= before


@pytest.fixture
async def served(real: Backend, built_pages: None, tmp_path: Path) -> AsyncIterator[AppServer]:
    port = free_port()
    provider = Process(
        [sys.executable, "-m", "bench.load.provider", str(port)], tmp_path / "provider.log"
    )
    await provider.start(lambda: accepts("127.0.0.1", port))
    pool = tmp_path / "pool.toml"
    pool.write_text(POOL.format(port=port))
    env = {**await real.fresh(tmp_path), "CHATAPP_POOL": str(pool), "NO_KEY": "none"}
    server = AppServer(env, tmp_path / "app.log")
    await server.start()
    yield server
    await server.stop()
    await provider.stop()
    server.check()


async def test_people_ask_reload_and_get_every_word(served: AppServer) -> None:
    accounts = await seed(served.env["DATABASE_URL"], 4)
    counts = Counts()
    manners = Manners(port=served.port, words=90, rate=200, stops=0.0, reloads=0.0)
    people = [Person(account, manners, counts) for account in accounts]
    async with asyncio.timeout(60):
        for person in people:
            person.come()
        await _until(lambda: all(person.there for person in people))
        for person in people:
            person.ask()
        await _until(lambda: any(person.turn and person.turn.seen > 1 for person in people))
        people[0].drop()
        await _until(lambda: not any(person.turn for person in people))
    assert counts.wrong == []
    assert counts.of("answers done") == len(people)
    assert counts.of("connections lost") == 1
    assert counts.delays_of("word").count > 0
    for person in people:
        person.leave()


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - people tell nobody
        await asyncio.sleep(0.02)
