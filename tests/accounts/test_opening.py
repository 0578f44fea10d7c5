"""Pages that open: so many at once, the others in order, and nobody keeps a place for ever."""

import asyncio

import pytest

from chatapp.accounts import opening
from chatapp.accounts.opening import Opening

ROOT = "reflex___state____state"
STORE = f"{ROOT}.chatapp___ui___store____store"
BEFORE = (
    '0{"sid":"of the connection"}',
    '40/_event,{"sid":"of the tab"}',
    f'42/_event,["event",{{"delta":{{"{ROOT}":{{"is_hydrated_rx_state_":true}}}}}}]',
)
SHOWS = (
    f'42/_event,["event",{{"delta":{{"{ROOT}.chatapp___ui___store____store":{{"away":false}}}}}}]'
)
"""What a page is sent, as it stands on the wire."""


@pytest.fixture(autouse=True)
def two_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_places", asyncio.Semaphore(2))


async def test_the_third_page_opens_when_one_of_two_is_shown() -> None:
    first, second, third = Opening(), Opening(), Opening()
    assert await first.enter()
    assert await second.enter()
    waiting = asyncio.create_task(third.enter())
    await asyncio.sleep(0)
    assert not waiting.done()
    for message in BEFORE:
        first.sent(message)
    await asyncio.sleep(0)
    assert not waiting.done()
    first.sent(SHOWS)
    assert await waiting
    for page in (first, second, third):
        page.leave()


async def test_a_place_is_given_back_once() -> None:
    page = Opening()
    assert await page.enter()
    for message in (*BEFORE, SHOWS, SHOWS):
        page.sent(message)
    page.leave()
    page.leave()
    assert [await Opening().enter(), await Opening().enter()] == [True, True]


async def test_who_is_shown_nothing_does_not_keep_the_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "LONGEST", 0.0)
    for _ in range(5):
        assert await Opening().enter()


async def test_who_waits_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        assert await Opening().enter()
    monkeypatch.setattr(opening, "PATIENCE", 0.01)
    late = Opening()
    assert not await late.enter()
    late.sent(SHOWS)
    late.leave()
