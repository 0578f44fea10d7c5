"""The page about limits: what holds, whom a change hits, and then it holds."""

import pytest
from playwright.async_api import Page, expect

from chatapp import routes
from tests.browser.rows import Person
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser


async def test_a_limit_is_changed_once_one_has_seen_whom_it_hits(
    app: AppServer, admin: Person, page: Page
) -> None:
    await page.goto(app.url + routes.ADMIN_LIMITS)
    questions = page.get_by_label("Questions a day")
    await expect(questions).to_have_value("0")
    await questions.fill("200")
    await page.get_by_label("A smaller model below").fill("15")
    await questions.press("Enter")
    preview = page.get_by_test_id("preview")
    await expect(preview).to_contain_text("Questions a day: for")
    await preview.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. It holds at once.")).to_be_visible()
    await page.reload()
    await expect(questions).to_have_value("200")
    await expect(page.get_by_label("A smaller model below")).to_have_value("15")
    await page.get_by_label("Time zone").fill("Middle/Earth")
    await questions.press("Enter")
    await preview.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("must be a time zone")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Time zone")).to_have_value("UTC")
    # As it was, for those who share the app.
    await questions.fill("0")
    await questions.press("Enter")
    await preview.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. It holds at once.")).to_be_visible()
