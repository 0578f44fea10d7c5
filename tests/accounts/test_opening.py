"""Pages that open: so many at once, the others in order, and nobody keeps a place for ever."""

import asyncio

import pytest

from chatapp.accounts import opening
from chatapp.accounts.opening import Opening


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
    for _ in range(opening.MESSAGES - 1):
        first.sent()
    await asyncio.sleep(0)
    assert not waiting.done()
    first.sent()
    assert await waiting
    for page in (first, second, third):
        page.leave()


async def test_a_place_is_given_back_once() -> None:
    page = Opening()
    assert await page.enter()
    for _ in range(opening.MESSAGES + 3):
        page.sent()
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
    late.sent()
    late.leave()
