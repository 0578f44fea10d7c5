"""The page about quality in a browser."""

import pytest
from playwright.async_api import Page, expect
from sqlmodel import select

from chatapp import routes
from chatapp.answers.models import Answer
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser


async def test_members_words_and_the_switch(
    app: AppServer, rows: Rows, admin: Person, page: Page
) -> None:
    chat_id = await rows.chat(admin, "Something private", "Its answer")
    await page.goto(f"{app.url}{routes.chat(chat_id)}")
    await page.get_by_role("button", name="Bad answer").click()
    words = page.get_by_label("What was wrong with it?")
    await words.fill("Too <i>long</i>")
    await words.press("Enter")
    await expect(page.get_by_text("Thank you.")).to_be_visible()
    assert await rows.all(select(Answer.thumb).where(Answer.chat_id == chat_id)) == [-1]
    await page.goto(app.url + routes.ADMIN_QUALITY)
    table = page.get_by_role("table", name="Quality of each member")
    await expect(table.get_by_role("row")).to_have_count(2)
    await expect(table).to_contain_text("Demo")
    said = page.get_by_role("list", name="What people said").get_by_role("listitem")
    await expect(said).to_contain_text("Too <i>long</i>")
    await expect(page.locator("body")).not_to_contain_text("private")
    await page.get_by_role("button", name="Let quality feed weights").click()
    stop = page.get_by_role("button", name="Stop feeding weights")
    await expect(stop).to_be_visible()
    await page.reload()
    await stop.click()
    await expect(page.get_by_role("button", name="Let quality feed weights")).to_be_visible()
