"""Asking in several tabs at once, and what the provider noted meanwhile."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

from bench.subject import Subject, Tab, Turn
from tests.fakes.behaviour import numbered

_numbers = itertools.count(1)


def order(words: int, rate: int = 0) -> str:
    """A question, unlike all others, to which the provider says so many words."""
    at = f" at {rate}/s" if rate else ""
    return f"Question {next(_numbers)}: [[say {words} words{at}]]"


def answer(words: int) -> str:
    """What the provider says then."""
    return "".join(numbered(words))


async def ask_all(tabs: Sequence[Tab], words: int, rate: int = 0) -> list[Turn]:
    """Ask in all tabs at once and wait for all ends."""
    turns = [tab.ask(order(words, rate)) for tab in tabs]
    return list(await asyncio.gather(*(turn.wait() for turn in turns)))


async def open_all(subject: Subject, count: int, messages: int = 0) -> list[Tab]:
    """So many tabs of so many people."""
    return [await subject.open_tab(messages) for _ in range(count)]


async def close_all(tabs: Sequence[Tab]) -> None:
    await asyncio.gather(*(tab.close() for tab in tabs))


async def requests_by_question(subject: Subject) -> dict[str, dict[str, Any]]:
    """What the provider was asked, by the question."""
    requests = await subject.provider.requests()
    return {request["body"]["messages"][-1]["content"]: request for request in requests}
