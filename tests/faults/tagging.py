"""Providers that tag the words of an answer with the request, so that a splice of two shows."""

import asyncio
import contextlib
import itertools
import json
import re
import sys
from dataclasses import replace
from typing import Any, Self

import httpx
import uvloop

from tests.fakes import ROOT, ProviderServer, behaviour, providers
from tests.fakes.behaviour import Plan

TAGGED = "[[tagged]]"
"""A question with this has an answer with tags."""

WORD = re.compile(r"w0(\.\d+)? ")


class TaggingServer(ProviderServer):
    """Fake providers that tag whatever is asked to be."""

    async def start(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, cwd=ROOT, stdin=pipe, stdout=pipe
        )
        assert self._process.stdout is not None
        self.port = json.loads(await self._process.stdout.readline())["port"]
        self._http = httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=30)
        return self


def attempt(text: str) -> str | None:
    """What names the attempt that has said this; None: its first word is not whole."""
    first = WORD.match(text)
    return first and (first[1] or "")


def is_beginning(text: str, count: int) -> bool:
    """Whether one attempt at an answer of so many words can have said this so far, and no more."""
    first = WORD.match(f"{text} ")
    if first is None:
        # Not even its first word is whole.
        return bool(re.fullmatch(r"(w(0(\.\d*)?)?)?", text))
    return whole(first[1] or "", count).startswith(text)


def is_whole(text: str, count: int) -> bool:
    """Whether it is all that one attempt says."""
    first = WORD.match(f"{text} ")
    return first is not None and text == whole(first[1] or "", count)


def whole(tag: str, count: int) -> str:
    """The answer with a tag."""
    return " ".join(f"w{number}{tag}" for number in range(count))


def _tags() -> None:
    """Let plans be made with tags, in this process."""
    plan, numbers = behaviour.plan, itertools.count(1)

    def tagged(who: Any, model: str, texts: list[str], question: str, *more: Any) -> Plan:
        made, number = plan(who, model, texts, question, *more), next(numbers)
        if TAGGED not in question:
            return made
        return replace(made, tokens=[f"{token}.{number}" for token in made.tokens])

    providers.plan = tagged


if __name__ == "__main__":
    _tags()
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(providers.main(0, stay=False))
