"""Joining server-sent events that carry nothing but the next words.

Providers send an event per token and their SDKs build several objects for each. Below them, events
that arrived together become one event with the same words; all others pass byte for byte.
"""

import re
from collections.abc import Iterable
from typing import Any

import orjson

END = re.compile(rb"\r?\n\r?\n")
BLANK = b"\n\n"
"""The end of an event, as nearly all write it."""
DATA = b"data: "

CONTENT = re.compile(rb'"content": ?("(?:[^"\\]|\\.)*")')
"""The words in an event of OpenAI's wire."""

ALONE = {"content", "role"}
"""What the first chunks of words have beside them."""

LONGEST = 4_194_304
"""The longest event, in bytes."""


class Joiner:
    """Takes a stream's bytes as they come and gives back whole events, joined."""

    def __init__(self) -> None:
        self.speaking = False
        """Whether there has been a word."""
        self._tail = b""

    def feed(self, data: bytes) -> bytes:
        """Take what has arrived and return the events that are complete."""
        data = self._tail + data
        events: list[bytes] = []
        start = 0
        for match in END.finditer(data):
            events.append(data[start : match.end()])
            start = match.end()
        self._tail = data[start:]
        if len(self._tail) > LONGEST:
            raise ValueError("An event has no end")
        return b"".join(self._join(events))

    def rest(self) -> bytes:
        """What is left at the stream's end."""
        tail, self._tail = self._tail, b""
        return tail

    def _join(self, events: list[bytes]) -> Iterable[bytes]:
        run: list[bytes] = []
        words: list[str] = []
        last: dict[str, Any] = {}
        for event in events:
            data = _load(event)
            word = None if data is None else _word(data)
            if data is None or word is None:
                yield from _merged(run, words, last)
                run, words = [], []
                yield event
            else:
                self.speaking = True
                run.append(event)
                words.append(word)
                last = data
        yield from _merged(run, words, last)


def _merged(run: list[bytes], words: list[str], last: dict[str, Any]) -> Iterable[bytes]:
    """The run's last event with the words of all: what else it counts, it counts up to there."""
    if len(run) < 2:
        yield from run
        return
    text = "".join(words)
    if "choices" in last:
        last["choices"][0]["delta"]["content"] = text
    else:
        last["candidates"][0]["content"]["parts"][0]["text"] = text
    yield DATA + orjson.dumps(last) + b"\n\n"


def _load(event: bytes) -> dict[str, Any] | None:
    body = event.strip()
    if not body.startswith(DATA + b"{") or b"\n" in body:
        return None
    try:
        data = orjson.loads(body[len(DATA) :])
    except orjson.JSONDecodeError:
        return None
    return data if isinstance(data, dict) else None


def _word(data: dict[str, Any]) -> str | None:
    """The text of an event that has nothing else to tell."""
    if "choices" in data:
        return openai_word(data)
    if "candidates" in data:
        return _gemini_word(data)
    return None


def openai_word(data: dict[str, Any]) -> str | None:
    """The text of a chunk of OpenAI's wire that has nothing else to tell."""
    choices = data.get("choices")
    if not isinstance(choices, list) or len(choices) != 1:
        return None
    if data.get("x_groq") or data.get("usage") or data.get("error"):
        return None
    choice = choices[0]
    # Not by a pattern: this runs for every token, and a pattern with a rest copies its mappings.
    if not isinstance(choice, dict) or not isinstance(delta := choice.get("delta"), dict):
        return None
    word, index = delta.get("content"), choice.get("index")
    if not word or not isinstance(word, str) or index != 0:
        return None
    for key, value in choice.items():
        if value and key != "delta":
            return None
    for key, value in delta.items():
        if value and key not in ALONE:
            return None
    # A role beside more than words is for the SDK, even where all of that is empty.
    return word if "role" not in delta or not delta["role"] or len(delta) == 2 else None


class Alike:
    """Knows the words of a chunk that is like one before it in all but its words, without parsing.

    What stands before and after the words is compared byte for byte; what stands in their place
    must be one string of JSON. So it says the same as :func:`openai_word` of the parsed chunk.
    """

    LOOKS = 4
    """So many chunks are looked at: with providers whose chunks all differ there is no more use."""

    def __init__(self) -> None:
        self._before, self._after, self._between = b"", b"", b""
        self._looks = self.LOOKS

    def words(self, events: bytes) -> str | None:
        """The words of an event, or of some together, if every one is like what was learnt."""
        before, after = self._before, self._after
        if not before or not events.startswith(before) or not events.endswith(after):
            return None
        # A short event may have both only because they overlap.
        if len(events) < len(before) + len(after):
            return None
        middles = events[len(before) : len(events) - len(after)].split(self._between)
        try:
            words = list(map(orjson.loads, middles))
            # An empty one is for the SDK; what is no string is not joined.
            return "".join(words) if all(words) else None
        except (orjson.JSONDecodeError, TypeError):
            return None

    def learn(self, event: bytes, chunk: dict[str, Any]) -> None:
        """Learn from an event and its chunk, which has nothing but words to tell."""
        if not self._looks:
            return
        self._looks -= 1
        found = CONTENT.search(event) if event.startswith(DATA) else None
        if found is None or event.count(b'"content"') != 1:
            return
        before, after = event[: found.start(1)], event[found.end(1) :]
        try:
            same = orjson.loads(before[len(DATA) :] + b'"x"' + after) == with_words(chunk, "x")
        except orjson.JSONDecodeError:
            return
        if same:
            self._before, self._after = before, after
            self._between = after + BLANK + before


def with_words(chunk: dict[str, Any], words: str) -> dict[str, Any]:
    """The same chunk of OpenAI's wire with other words."""
    (choice,) = chunk["choices"]
    delta = {**choice["delta"], "content": words}
    return {**chunk, "choices": [{**choice, "delta": delta}]}


def _gemini_word(data: dict[str, Any]) -> str | None:
    if data.get("promptFeedback") or data.get("error"):
        return None
    match data["candidates"]:
        case [{"content": {"parts": [{"text": str(word), **more}]}, **candidate}] if word:
            # Candidates are numbered from 0; whatever else is set is not for joining.
            return word if not any(more.values()) and not any(candidate.values()) else None
    return None
