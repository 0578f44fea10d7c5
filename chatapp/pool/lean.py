"""Streams of OpenAI's wire without the SDKs' objects.

The official integrations keep their work on both sides: they build the request, and they turn each
chunk into a message. Between the two the SDKs build a tree of models for every chunk, only to have
it dumped to a dict again; here the dict is what was read. What is not a plain stream goes to the
SDK as before, and errors are the SDK's own.
"""

import re
from collections.abc import AsyncIterator, Iterator
from types import ModuleType
from typing import Any, Self

import httpx
import orjson

from chatapp.pool import wire
from chatapp.pool.sse import BLANK, END, LONGEST, Alike, openai_word, with_words

UNUSUAL = {"extra_headers", "extra_query", "extra_body", "timeout", "response_format"}
"""Options that mean something to the SDK itself."""

PLAIN = b"data: {"
LINES = re.compile(rb"\r\n|\n|\r")


class Completions:
    """Takes the place of an SDK's ``chat.completions`` in a LangChain integration."""

    def __init__(
        self, official: Any, sdk: ModuleType, client: httpx.AsyncClient, url: str, key: str
    ) -> None:
        self._official = official
        self._sdk = sdk
        self._client = client
        self._url = url
        self._headers = {
            "authorization": f"Bearer {key}",
            "content-type": "application/json",
            "accept": "application/json",
        }

    def __getattr__(self, name: str) -> Any:
        return getattr(self._official, name)

    async def create(self, **params: Any) -> Any:
        """Ask for an answer; streams are read here, all else by the SDK.

        Raises:
            Exception: what the SDK raises in the same case.
        """
        if not params.get("stream") or UNUSUAL & params.keys():
            return await self._official.create(**params)
        try:
            body = orjson.dumps(params)
        except TypeError:  # something that only the SDK knows
            return await self._official.create(**params)
        pace = wire.Pace()
        request = self._client.build_request(
            "POST", self._url, content=body, headers=self._headers, extensions={"pace": pace}
        )
        try:
            response = await self._client.send(request, stream=True)
        except httpx.TimeoutException as error:
            raise self._sdk.APITimeoutError(request=request) from error
        except httpx.HTTPError as error:
            raise self._sdk.APIConnectionError(request=request) from error
        if response.is_error:
            await response.aread()
            raise self._official._client._make_status_error_from_response(response)
        return Stream(response, pace, self._sdk)


class Stream:
    """The chunks of an answer as dicts; the words of a window are one chunk."""

    def __init__(self, response: httpx.Response, pace: wire.Pace, sdk: ModuleType) -> None:
        self._response = response
        self._pace = pace
        self._sdk = sdk
        self._alike = Alike()
        self._last: dict[str, Any] = {}
        """The last chunk of words that was parsed."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._response.aclose()

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        pace, done = self._pace, False
        async for events in self._events():
            if done:
                continue  # to its end, so that the connection can be used again
            if words := self._alike.words(events):
                yield with_words(self._last, words)
                continue
            for chunk in self._joined(events.split(BLANK)):
                if chunk is None:
                    done, pace.speaking = True, False
                    break
                yield chunk
                if not pace.speaking:
                    pace.speaking = openai_word(chunk) is not None

    async def _events(self) -> AsyncIterator[bytes]:
        """The events that have come together, with blank lines between them."""
        tail = b""
        async for part in self._response.aiter_bytes():
            data = tail + part if tail else part
            # What hardly any provider sends is looked for by the slow way alone.
            data = BLANK.join(END.split(data)) if b"\r" in data else data
            events, _, tail = data.rpartition(BLANK)
            if len(tail) > LONGEST:
                raise ValueError("An event has no end")
            if events:
                yield events
        if tail.strip():
            yield tail

    def _joined(self, events: list[bytes]) -> Iterator[dict[str, Any] | None]:
        """The chunks, with neighbours that have nothing but words put together; None: the end."""
        words: list[str] = []
        for event in events:
            if (word := self._alike.words(event)) is not None:
                words.append(word)
                continue
            try:
                chunk = self._chunk(event)
            except Exception:
                if words:
                    yield with_words(self._last, "".join(words))
                raise
            if chunk == {}:
                continue
            word = None if chunk is None else openai_word(chunk)
            if chunk is not None and word is not None:
                self._alike.learn(event, chunk)
                self._last = chunk
                words.append(word)
                continue
            if words:
                yield with_words(self._last, "".join(words))
                words = []
            yield chunk
            if chunk is None:
                return
        if words:
            yield with_words(self._last, "".join(words))

    def _chunk(self, event: bytes) -> dict[str, Any] | None:
        """An event's chunk; empty if there is none in it, None at the end of the stream."""
        if event.startswith(PLAIN) and b"\n" not in event and b"\r" not in event:
            data = orjson.loads(event[6:])
        else:
            text = _data(event)
            if text.startswith(b"[DONE]"):
                return None
            if not text:
                return {}
            data = orjson.loads(text)
        if not isinstance(data, dict):
            raise TypeError("A chunk is no object")
        if error := data.get("error"):
            message = error.get("message") if isinstance(error, dict) else None
            raise self._sdk.APIError(
                message=message if isinstance(message, str) else "The stream broke off",
                request=self._response.request,
                body=error,
            )
        return data


def _data(event: bytes) -> bytes:
    """The data of any server-sent event."""
    values = []
    for line in LINES.split(event):
        field, _, value = line.partition(b":")
        if field == b"data":
            values.append(value.removeprefix(b" "))
    return b"\n".join(values)
