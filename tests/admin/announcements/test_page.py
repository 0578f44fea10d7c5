"""Announcements and the status page in a browser: for admins, for people, for anybody."""

import pytest
from playwright.async_api import Browser, Page, expect

from chatapp import routes
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser

HOSTILE = "Quota ends <img src=x onerror=alert(1)> at 15:40 [here](javascript:alert(1))"


async def test_everybody_is_told_at_once_and_may_dismiss_it(
    app: AppServer, rows: Rows, admin: Person, page: Page, browser: Browser
) -> None:
    member, context = await rows.person("Reader"), await browser.new_context()
    await member.sign_in(context, app)
    reader, visitor = await context.new_page(), await (await browser.new_context()).new_page()
    await reader.goto(app.url)
    await expect(reader.get_by_role("textbox", name="Message")).to_be_visible()
    await visitor.goto(app.url + routes.STATUS)
    await expect(visitor.get_by_text("Everything works")).to_be_visible()
    await expect(visitor.get_by_role("list", name="Models to choose from")).to_contain_text(
        "Working"
    )
    await page.goto(app.url + routes.ADMIN_ANNOUNCEMENTS)
    await expect(page.get_by_text("Nothing was announced yet.")).to_be_visible()
    words = page.get_by_label("What is announced")
    await words.fill(HOSTILE)
    await page.get_by_label("Level").select_option("problem")
    await page.get_by_label("Until").fill("2001-01-01T10:00")
    await page.get_by_role("button", name="Announce").click()
    await expect(page.get_by_role("alert")).to_contain_text("must come after")
    await page.get_by_label("Until").fill("")
    await words.fill(HOSTILE)
    await page.get_by_role("button", name="Announce").click()
    row = page.get_by_role("list", name="Announcements").get_by_role("listitem")
    await expect(row).to_contain_text("Shown now")
    told = reader.get_by_role("list", name="Announcements").get_by_role("listitem")
    await expect(told).to_contain_text(f"Problem: {HOSTILE}")
    await expect(told.locator("img, a")).to_have_count(0)
    await expect(
        visitor.get_by_role("list", name="Announcements").get_by_role("listitem")
    ).to_contain_text("Problem:", timeout=30_000)
    await told.get_by_role("button", name="Dismiss this announcement").click()
    await expect(told).to_have_count(0)
    await reader.reload()
    await expect(reader.get_by_role("textbox", name="Message")).to_be_visible()
    await expect(told).to_have_count(0)
    await row.get_by_role("button", name="End now").click()
    await expect(row).to_contain_text("Over")
    await row.get_by_text("Delete", exact=True).press("Enter")
    await row.get_by_role("button", name="Delete it for good").press("Enter")
    await expect(page.get_by_text("Nothing was announced yet.")).to_be_visible()
    await visitor.context.close()
    await context.close()
