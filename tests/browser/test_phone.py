"""The pages on a phone, and where there is as little room."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from chatapp import routes
from chatapp.accounts.models import Role
from tests.browser.chatting import Chatting
from tests.browser.rows import Rows
from tests.browser.texts import RICH
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740}
ADMIN = (
    routes.ADMIN,
    routes.ADMIN_PEOPLE,
    routes.ADMIN_PROVIDERS,
    routes.ADMIN_ANNOUNCEMENTS,
    routes.STATUS,
)


@pytest.fixture
async def phone(chat_app: AppServer, browser: Browser, rows: Rows) -> AsyncIterator[Chatting]:
    """A phone whose owner, an admin, has two chats and is at home."""
    someone = await rows.person("Ada Lovelace", role=Role.ADMIN)
    context = await browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)  # pyright: ignore[reportArgumentType]
    await someone.sign_in(context, chat_app)
    await rows.chat(someone, "A question", RICH, title="A first chat " + "with a long title" * 5)
    await rows.chat(someone, "q" * 300, "Short", title="Another")
    chatting = Chatting(await context.new_page(), chat_app.url)
    await chatting.open()
    yield chatting
    await context.close()


async def overflow(page: Page) -> list[str]:
    """What sticks out of the page to the right, or makes it scroll sideways."""
    return await page.evaluate(
        """() => {
          const root = document.documentElement;
          const found = [];
          if (root.scrollWidth > innerWidth) found.push(`page: ${root.scrollWidth}`);
          const scrolls = (each) => each && (
            /auto|scroll|hidden|clip/.test(getComputedStyle(each).overflowX)
            || scrolls(each.parentElement));
          for (const each of document.querySelectorAll("body *")) {
            const {right, width} = each.getBoundingClientRect();
            if (width && right > innerWidth + 1 && !scrolls(each.parentElement))
              found.push(each.outerHTML.slice(0, 100));
          }
          for (const each of document.querySelectorAll(".overscroll-contain"))
            if (each.scrollWidth > each.clientWidth) found.push(`view: ${each.scrollWidth}`);
          return found;
        }"""
    )


async def test_the_drawer_of_a_phone(phone: Chatting) -> None:
    page = phone.page
    opens = page.get_by_role("button", name="Open the list of chats")
    await expect(phone.nav).to_have_count(0)
    await opens.tap()
    await expect(phone.nav).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(phone.nav).to_have_count(0)
    await opens.tap()
    await page.get_by_role("button", name="Close the list of chats").tap()
    await expect(phone.nav).to_have_count(0)
    await opens.tap()
    await phone.nav.get_by_role("link", name="Another").tap()
    await page.wait_for_url(re.compile("/c/"))
    await expect(phone.nav).to_have_count(0)
    await expect(phone.answers).to_have_count(1)
    # From one chat to another, which is the same page.
    await opens.tap()
    await phone.nav.get_by_role("link", name="A first chat").tap()
    await expect(phone.questions).to_contain_text("A question")
    await expect(phone.nav).to_have_count(0)
    await opens.tap()
    await page.get_by_role("button", name="Options of Another").tap()
    await page.get_by_role("button", name="Delete").locator("visible=true").tap()
    # The way back is not hidden behind the drawer.
    await page.get_by_role("button", name="Undo").tap()
    await opens.tap()
    await expect(phone.nav.get_by_role("link", name="Another")).to_be_visible()
    await page.get_by_role("button", name="New chat").tap()
    await page.wait_for_url(phone.url + routes.HOME)
    await expect(phone.nav).to_have_count(0)


async def test_no_page_scrolls_sideways(phone: Chatting) -> None:
    page = phone.page
    chats = [
        await link.get_attribute("href")
        for link in await page.locator("#sidebar a[href^='/c/']").all()
    ]
    assert len(chats) == 2
    for path in (*chats, routes.HOME, routes.SETTINGS, *ADMIN, "/nothing", "/c/" + "0" * 36):
        # 360 px, and 1280 px at four times the size, which WCAG asks for.
        for width in (360, 320):
            await page.set_viewport_size({"width": width, "height": 740})
            await page.goto(phone.url + str(path))
            await expect(page.locator("main")).to_be_visible()
            if path in chats:
                await expect(phone.answer).to_have_attribute("data-status", "done")
            if path in ADMIN:
                await expect(page.locator("main .pulse")).to_have_count(0)
            assert await overflow(page) == [], f"{path} at {width}"
    await page.context.clear_cookies()
    for path in (routes.LOGIN, routes.SIGNUP):
        await page.goto(phone.url + path)
        await expect(page.get_by_role("textbox", name="Email")).to_be_visible()
        assert await overflow(page) == [], path


async def test_everything_can_be_reached_at_twice_the_size(phone: Chatting) -> None:
    page = phone.page
    # A small laptop at 200%: half the pixels in both directions.
    await page.set_viewport_size({"width": 640, "height": 360})
    await page.reload()
    await phone.alive()
    await expect(phone.box).to_be_in_viewport()
    await phone.box.fill("\n".join("line" for _ in range(40)))
    await expect(phone.send).to_be_in_viewport(ratio=1)
    assert await overflow(page) == []
    last = page.get_by_role("listitem").last
    await phone.box.fill("")
    await last.scroll_into_view_if_needed()
    await expect(last).to_be_in_viewport()
