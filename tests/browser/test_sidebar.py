"""The list of chats: by date, renamed, deleted and brought back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from sqlmodel import select

from chatapp import routes
from chatapp.chats.models import Chat
from tests.browser.chatting import Chatting
from tests.browser.gate import Gate
from tests.browser.rows import Person, Rows
from tests.fakes import ProviderServer
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser


async def choose(page: Page, title: str, item: str) -> None:
    """Choose an item of a chat's menu."""
    await page.get_by_role("button", name=f"Options of {title}").press("Enter")
    await visible(page.get_by_role("button", name=item, exact=True)).click()


def visible(found: Locator) -> Locator:
    return found.locator("visible=true")


async def test_a_chat_is_renamed_in_all_tabs(chatting: Chatting, rows: Rows) -> None:
    await chatting.answered("A question")
    other = Chatting(await chatting.page.context.new_page(), chatting.url)
    await other.open()
    title = chatting.page.get_by_role("textbox", name="New title")
    await choose(chatting.page, "A question", "Rename")
    await expect(title).to_have_value("A question")
    await title.press("Escape")
    await expect(title).to_have_count(0)
    await expect(chatting.nav.get_by_role("link", name="A question")).to_be_visible()
    await choose(chatting.page, "A question", "Rename")
    # What is there is selected: one just types.
    await expect(title).to_be_focused()
    await chatting.page.keyboard.type("<b>Better</b> & {{7*7}} ${x}")
    await chatting.page.keyboard.press("Enter")
    for tab in (chatting, other):
        await expect(
            tab.nav.get_by_role("link", name="<b>Better</b> & {{7*7}} ${x}")
        ).to_be_visible()
        await expect(tab.nav.locator("b")).to_have_count(0)
    title_line = chatting.page.locator("header [data-title]")
    await expect(title_line).to_have_text("<b>Better</b> & {{7*7}} ${x}")
    # An empty title changes nothing.
    await choose(chatting.page, "<b>Better</b> & {{7*7}} ${x}", "Rename")
    await title.fill("   ")
    await title.press("Enter")
    await expect(title).to_have_count(0)
    await chatting.page.reload()
    await expect(
        chatting.nav.get_by_role("link", name="<b>Better</b> & {{7*7}} ${x}")
    ).to_be_visible()


async def test_a_deleted_chat_is_gone_and_can_be_brought_back(
    chatting: Chatting, rows: Rows, person: Person
) -> None:
    await rows.chat(person, "q", "a", title="Another chat")
    await chatting.answered("A question")
    page, url = chatting.page, chatting.page.url
    other = Chatting(await page.context.new_page(), chatting.url)
    await other.page.goto(url)
    await expect(other.answers).to_have_count(1)
    await choose(page, "A question", "Delete")
    await page.wait_for_url(chatting.url + routes.HOME)
    await expect(page.get_by_text("The chat was deleted.")).to_be_visible()
    await expect(chatting.nav.get_by_role("link", name="A question")).to_have_count(0)
    await expect(chatting.nav.get_by_role("link", name="Another chat")).to_be_visible()
    await expect(other.page.get_by_role("heading", name="This chat is not there")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(chatting.nav.get_by_role("link", name="A question")).to_be_visible()
    await expect(page.get_by_text("The chat was deleted.")).to_have_count(0)
    await expect(other.answers).to_have_count(1)
    # A chat that is not open is deleted without leaving the one that is.
    await page.goto(url)
    await expect(chatting.answers).to_have_count(1)
    await choose(page, "Another chat", "Delete")
    await expect(chatting.nav.get_by_role("link", name="Another chat")).to_have_count(0)
    assert page.url == url
    await page.get_by_role("button", name="Dismiss").click()
    await expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    left = await rows.all(
        select(Chat.title).where(Chat.user_id == person.id, Chat.deleted_at == None)  # noqa: E711
    )
    assert left == ["A question"]


async def test_an_answer_that_nobody_saw_is_marked(
    chatting: Chatting, providers: ProviderServer, gate: Gate, rows: Rows, person: Person
) -> None:
    dot = chatting.nav.get_by_text("New answer")
    await rows.chat(person, "q", "a", title="Another chat")
    await providers.set(fault={"kind": "http_500"})
    # An answer that ends before its own page is there is on the screen all the same.
    await chatting.answered("A first question", "failed")
    await expect(dot).to_have_count(0)
    await providers.reset()
    async with gate.closed(" w15"):
        await chatting.ask("[[say 30 words]]")
        await chatting.streaming()
        await chatting.nav.get_by_role("link", name="Another chat").click()
        await expect(chatting.answers).to_have_count(1)
        await expect(dot).to_have_count(0)
    line = chatting.nav.get_by_role("listitem").filter(has_text="A first question")
    await expect(line.get_by_text("New answer")).to_have_count(1)
    await expect(dot).to_have_count(1)
    await line.get_by_role("link").click()
    await expect(chatting.answers).to_have_count(2)
    await expect(dot).to_have_count(0)
    await chatting.page.get_by_role("button", name="New chat").click()
    await expect(chatting.answers).to_have_count(0)
    await expect(dot).to_have_count(0)


async def test_chats_are_grouped_by_the_days_of_the_readers_place(
    chat_app: AppServer, browser: Browser, rows: Rows
) -> None:
    place = ZoneInfo("Pacific/Kiritimati")  # 14 hours ahead of UTC: mostly another day
    someone = await rows.person()
    noon = datetime.now(place).replace(hour=12, minute=0)
    for title, age in {
        "A": timedelta(0),
        "B": timedelta(days=1),
        "C": timedelta(days=3),
        "D": timedelta(days=20),
        "E": timedelta(days=800),
    }.items():
        moment = (noon - age).astimezone(UTC)
        await rows.chat(someone, "q", "a", title=f"Chat {title}", updated_at=moment)
    midnight = noon.replace(hour=0, minute=5)
    await rows.chat(someone, "q", "a", title="Just after midnight", updated_at=midnight)
    context = await browser.new_context(timezone_id="Pacific/Kiritimati")
    await someone.sign_in(context, chat_app)
    chatting = Chatting(await context.new_page(), chat_app.url)
    await chatting.open()
    year = str((noon - timedelta(days=800)).year)
    groups = {
        "Today": ["Chat A", "Just after midnight"],
        "Yesterday": ["Chat B"],
        "Last 7 days": ["Chat C"],
        "Last 30 days": ["Chat D"],
        year: ["Chat E"],
    }
    await expect(chatting.nav.get_by_role("heading")).to_have_text(list(groups))
    for heading, titles in groups.items():
        group = chatting.nav.locator("section").filter(
            has=chatting.page.get_by_role("heading", name=heading, exact=True)
        )
        await expect(group.get_by_role("link")).to_have_text(titles)
    await context.close()
