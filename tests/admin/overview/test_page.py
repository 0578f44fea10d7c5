"""The overview in a browser."""

import re

import pytest
from playwright.async_api import Page, expect

from chatapp import routes
from chatapp.accounts.models import UserStatus
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser


async def test_numbers_and_the_way_there(
    app: AppServer, rows: Rows, admin: Person, page: Page
) -> None:
    await rows.chat(admin, "One question", "Its answer", "Another", "And its answer")
    await page.goto(app.url + routes.SETTINGS)
    await page.get_by_role("link", name="Administration").click()
    await expect(page.get_by_role("heading", name="Administration")).to_be_visible()
    for label in ("People", "Waiting for approval", "Chats", "Questions"):
        number = page.get_by_text(label, exact=True).locator("xpath=following-sibling::p")
        await expect(number.first).to_have_text(re.compile(r"^\d+$"))
    # What people wrote is nobody's business here.
    await expect(page.locator("body")).not_to_contain_text("question")


async def test_a_pending_account_is_counted(
    app: AppServer, rows: Rows, admin: Person, page: Page
) -> None:
    await page.goto(app.url + routes.ADMIN)
    label = page.get_by_text("Waiting for approval", exact=True)
    number = label.locator("xpath=following-sibling::p")
    await expect(number).to_have_text(re.compile(r"^\d+$"))
    before = int(await number.inner_text())
    await rows.person("Newcomer", status=UserStatus.PENDING)
    await page.reload()
    await expect(number).to_have_text(str(before + 1))
