"""A server that goes away and comes back, as the page shows it."""

import pytest
from playwright.async_api import BrowserContext, expect
from sqlmodel import select

from chatapp.chats.models import Message
from tests.browser.chatting import Chatting
from tests.browser.rows import Rows
from tests.conftest import StartApp
from tests.fakes import ProviderServer

pytestmark = pytest.mark.browser

LOST = "The connection was lost. What you typed is kept; trying again."


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_a_lost_connection_is_said_and_comes_back(
    start_app: StartApp,
    pool_env: dict[str, str],
    providers: ProviderServer,
    context: BrowserContext,
) -> None:
    app = await start_app(pool_env)
    rows = Rows(app.env)
    person = await rows.person()
    await person.sign_in(context, app)
    chatting = Chatting(await context.new_page(), app.url)
    await chatting.open()
    await chatting.answered("Before it all")
    said = chatting.page.get_by_text(LOST)
    await expect(said).to_have_count(0)
    await chatting.box.fill("Typed while it was away")
    await app.stop()
    await expect(said).to_be_visible(timeout=15_000)
    await expect(chatting.box).to_have_value("Typed while it was away")
    # What was read can still be read.
    await expect(chatting.questions).to_contain_text("Before it all")
    # Asked while it is away, a question is sent once when it is back.
    await chatting.box.press("Enter")
    await chatting.box.press("Enter")
    await app.start()
    await expect(said).to_have_count(0, timeout=30_000)
    await expect(chatting.questions).to_have_count(2, timeout=15_000)
    await expect(chatting.answer).to_have_attribute("data-status", "done", timeout=15_000)
    await expect(chatting.box).to_have_value("")
    query = select(Message.text).where(Message.user_id == person.id, Message.role == "question")
    assert sorted(await rows.all(query)) == ["Before it all", "Typed while it was away"]
