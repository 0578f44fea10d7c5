"""``python -m bench.load.provider PORT``: OpenAI's stream, a token a write."""

import asyncio
import random
import sys
import time
from typing import cast

import uvloop

from bench.load import words

THINKS = (0.2, 0.6)
"""Before its first token, in seconds."""

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


class Provider(asyncio.Protocol):
    """One connection; one answer at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()

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
        said, rate = orders[-1] if orders else (5, 30)
        self._transport.write(_OPENING)
        self._timer = self._loop.call_later(
            random.uniform(*THINKS), self._begin, int(said), int(rate)
        )

    def _begin(self, said: int, rate: int) -> None:
        began = self._loop.time()
        self._transport.write(_token(words.first(int(time.monotonic() * 1000))))
        self._timer = self._loop.call_at(began + 1 / rate, self._say, 0, said, rate, began)

    def _say(self, number: int, said: int, rate: int, began: float) -> None:
        if number < said:
            self._transport.write(_WORDS[number])
            at = began + (number + 2) / rate
            self._timer = self._loop.call_at(at, self._say, number + 1, said, rate, began)
            return
        self._timer = None
        closing = _CHUNK % (b"", b'"stop"', _USAGE % (said + 1))
        self._transport.write(_chunked(closing) + _chunked(b"data: [DONE]\n\n") + b"0\r\n\r\n")


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(
        Provider, "127.0.0.1", port, backlog=4096, reuse_address=True
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
