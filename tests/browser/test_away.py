"""PostgreSQL or Redis away, and a reload in the middle, as the page shows them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, expect
from sqlmodel import select

from chatapp.chats.models import Message, Status
from tests.answers.world import words
from tests.browser.chatting import Chatting
from tests.browser.rows import Person, Rows
from tests.browser.test_sidebar import choose
from tests.fakes import ProviderServer
from tests.faults.fleet import Fleet, fleet
from tests.harness.link import Way

pytestmark = pytest.mark.browser

AWAY = "Your chats cannot be reached right now. What you typed is kept; trying again."
DELAYED = "What is answered elsewhere is shown with a delay right now. Nothing is lost."


@pytest.fixture(scope="module")
async def ship(built_pages: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """One process whose links to PostgreSQL and Redis can be cut."""
    folder: Path = tmp_path_factory.mktemp("ship")
    async with fleet(folder, 1) as made:
        yield made


async def opened(ship: Fleet, context: BrowserContext) -> tuple[Chatting, Person]:
    server = ship.members[0].server
    person = await Rows(ship.env).person()
    await person.sign_in(context, server)
    chatting = Chatting(await context.new_page(), server.url)
    await chatting.open()
    return chatting, person


async def questions(ship: Fleet, person: Person) -> list[str]:
    query = select(Message.text).where(Message.user_id == person.id, Message.role == "question")
    return sorted(await Rows(ship.env).all(query))


@pytest.mark.parametrize(
    ("links", "way"),
    [("postgres", Way.CUT), ("postgres", Way.SILENT), ("postgres redis", Way.CUT)],
)
async def test_without_a_database_the_question_is_kept_and_sent_once_when_it_is_back(
    ship: Fleet, context: BrowserContext, links: str, way: Way
) -> None:
    chatting, person = await opened(ship, context)
    await chatting.answered("Before it all")
    said = chatting.page.get_by_text(AWAY)
    async with AsyncExitStack() as away:
        for name in links.split():
            await away.enter_async_context(ship.members[0].links[name].disturbed(way))
        await chatting.ask("Asked while it was away")
        await expect(said).to_be_visible()
        await chatting.box.press("Enter")
        await expect(chatting.box).to_have_value("Asked while it was away")
        # What was read can still be read, and nothing counts as kept that is not.
        await expect(chatting.questions).to_have_count(1)
        assert await questions(ship, person) == ["Before it all"]
    await expect(chatting.questions).to_have_count(2, timeout=40_000)
    await expect(said).to_have_count(0)
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(chatting.box).to_have_value("")
    assert await questions(ship, person) == ["Asked while it was away", "Before it all"]


async def test_without_redis_one_asks_and_reads_on_and_is_told_quietly(
    ship: Fleet, context: BrowserContext
) -> None:
    chatting, _ = await opened(ship, context)
    await chatting.answered("Before it all")
    said = chatting.page.get_by_text(DELAYED)
    async with ship.members[0].links["redis"].disturbed(Way.CUT):
        await expect(said).to_be_visible()
        await chatting.answered("[[say 40 words at 40/s]]")
        await expect(chatting.answer.locator(".reading")).to_have_text(words(40))
        await chatting.page.reload()
        await expect(chatting.answers).to_have_count(2)
        await expect(chatting.answer.locator(".reading")).to_have_text(words(40))
    await expect(said).to_have_count(0)
    await chatting.answered("After it all")


async def test_a_reload_in_the_middle_loses_and_repeats_no_word(
    ship: Fleet, context: BrowserContext
) -> None:
    await ship.providers.reset()
    chatting, _ = await opened(ship, context)
    await ship.providers.set(fault={"kind": "stall_after", "after": 60}, text=words(120))
    await chatting.ask("Something long")
    await expect(chatting.answer.locator(".reading")).to_have_text(words(60))
    for _ in range(2):
        await chatting.page.reload()
        await chatting.streaming()
        await expect(chatting.answer.locator(".reading")).to_have_text(words(60))
    await chatting.stop.click()
    await expect(chatting.answer).to_have_attribute("data-status", "stopped")
    await expect(chatting.answer.locator(".reading")).to_have_text(words(60))


async def test_a_chat_is_deleted_while_its_answer_comes(
    ship: Fleet, context: BrowserContext
) -> None:
    await ship.providers.reset()
    chatting, person = await opened(ship, context)
    await chatting.ask("[[say 3000 words at 20/s]]")
    await chatting.streaming()
    providers: ProviderServer = ship.providers
    before = sum(r["state"] == "closed_early" for r in await providers.requests())
    await choose(chatting.page, "[[say 3000 words", "Delete")
    await providers.wait(closed_early=before + 1)
    await expect(chatting.page.get_by_text("The chat was deleted.")).to_be_visible()
    query = select(Message.status).where(Message.user_id == person.id, Message.role == "answer")
    await Rows(ship.env).become(query, [Status.STOPPED])
