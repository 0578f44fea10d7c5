"""``python -m bench.load.provider PORT``: OpenAI's stream, a token a write."""

import asyncio
import heapq
import random
import sys
import time
from typing import cast

import uvloop

from bench.load import words
from bench.load.scheduling import wait_for_turn

THINKS = (0.2, 0.6)
"""Before its first token, in seconds."""

TICK = 0.004
"""Seconds: words of all answers that are due within so long go together, which wakes this less."""

_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
_CHUNK = (
    b'data: {"id":"chatcmpl-load","object":"chat.completion.chunk","created":1700000000,'
    b'"model":"load","system_fingerprint":"fp_load","choices":[{"index":0,"delta":{%s},'
    b'"logprobs":null,"finish_reason":%s}]%s}\n\n'
)
_USAGE = (
    b',"x_groq":{"id":"req_load","usage":{"prompt_tokens":9,"completion_tokens":%d,'
    b'"total_tokens":9,"queue_time":0.01,"prompt_time":0.01,"completion_time":0.1,'
    b'"total_time":0.1}}'
)


def _chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


_OPENING = _HEAD + _chunked(_CHUNK % (b'"role":"assistant","content":""', b"null", b""))


def _token(text: str) -> bytes:
    content = text.replace("\n", "\\n").encode()
    return _chunked(_CHUNK % (b'"content":"%s"' % content, b"null", b""))


_WORDS = [_token(words.word(number)) for number in range(2_000)]


class Speaker:
    """Says the words of all answers, each in its time, with one timer for those of a moment."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._due: list[tuple[float, int, Provider]] = []
        self._count = 0
        self._ticks = False

    def at(self, moment: float, provider: "Provider") -> None:
        """Let a provider go on at a moment of the loop's clock."""
        self._count += 1
        heapq.heappush(self._due, (moment, self._count, provider))
        if not self._ticks:
            self._ticks = True
            self._loop.call_later(TICK, self._tick)

    def _tick(self) -> None:
        now = self._loop.time()
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2].go_on()
        self._ticks = bool(self._due)
        if self._ticks:
            self._loop.call_later(TICK, self._tick)


class Provider(asyncio.Protocol):
    """One connection; one answer at a time."""

    def __init__(self, speaker: Speaker) -> None:
        self._received = bytearray()
        self._speaker = speaker
        self._loop = asyncio.get_running_loop()
        self._lost = False
        self._said, self._words, self._rate, self._began = -1, 0, 1, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._received[:end]).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        if len(self._received) < end + 4 + length:
            return
        body = bytes(self._received[end + 4 : end + 4 + length])
        del self._received[: end + 4 + length]
        orders = words.ORDER.findall(body)
        self._words, self._rate = map(int, orders[-1]) if orders else (5, 30)
        self._transport.write(_OPENING)
        self._said = -1
        self._speaker.at(self._loop.time() + random.uniform(*THINKS), self)

    def go_on(self) -> None:
        """Say the next word, or that there are no more."""
        if self._lost:
            return
        if self._said < 0:
            self._began = self._loop.time()
            self._transport.write(_token(words.first(int(time.monotonic() * 1000))))
        elif self._said < self._words:
            self._transport.write(_WORDS[self._said])
        else:
            closing = _CHUNK % (b"", b'"stop"', _USAGE % (self._words + 1))
            self._transport.write(_chunked(closing) + _chunked(b"data: [DONE]\n\n") + b"0\r\n\r\n")
            return
        self._said += 1
        self._speaker.at(self._began + (self._said + 1) / self._rate, self)


async def _serve(port: int) -> None:
    speaker = Speaker()
    server = await asyncio.get_running_loop().create_server(
        lambda: Provider(speaker), "127.0.0.1", port, backlog=4096, reuse_address=True
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    wait_for_turn()
    uvloop.run(_serve(int(sys.argv[1])))
