"""The list of invitations in a browser."""

import re

import pytest
from playwright.async_api import Page, expect
from sqlmodel import col, select

from chatapp import routes
from chatapp.accounts.models import LinkKind, OneTimeLink
from chatapp.admin.paging import PAGE
from chatapp.database import now
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser


async def test_an_invitation_is_seen_withdrawn_and_still_seen(
    app: AppServer, rows: Rows, admin: Person, page: Page
) -> None:
    await page.goto(app.url + routes.ADMIN_PEOPLE)
    await expect(page.locator("tbody").get_by_role("row")).not_to_have_count(0)
    form = page.get_by_role("region", name="Invite")
    await form.get_by_role("textbox", name=re.compile("E-mail")).fill("wanted@example.org")
    await form.get_by_role("button", name="Make a link").click()
    await expect(form.get_by_role("textbox", name="The link")).to_be_visible()
    await form.get_by_role("link", name="All invitations").click()
    await expect(page.get_by_role("heading", name="Invitations")).to_be_visible()
    line = page.locator("tbody").get_by_role("row").filter(has_text="wanted@example.org")
    await expect(line).to_contain_text(admin.email)
    await expect(line).to_contain_text("Open")
    await line.get_by_role("button", name="Withdraw").click()
    await expect(page.get_by_text("its link works no more")).to_be_visible()
    await expect(line).to_contain_text("Withdrawn by")
    await expect(line.get_by_role("button")).to_have_count(0)
    withdrawn = col(OneTimeLink.withdrawn_by) == admin.id
    assert await rows.all(select(OneTimeLink.email).where(withdrawn)) == ["wanted@example.org"]
    # More than a page of them, of which each state can be had alone.
    await rows.add(
        [
            OneTimeLink(
                kind=LinkKind.INVITE,
                token_hash=f"{admin.id}"[:30] + str(number),
                email=f"many{number}@example.org",
                expires_at=now(),
                used_at=now(),
            )
            for number in range(PAGE + 1)
        ]
    )
    await page.get_by_role("combobox", name="All").select_option("used")
    await expect(page.locator("tbody").get_by_role("row")).to_have_count(PAGE)
    await page.get_by_role("link", name="Next page").click()
    await expect(page).to_have_url(re.compile("page=2"))
    await page.get_by_role("combobox", name="All").select_option("withdrawn")
    await expect(line).to_be_visible()
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for wide in (1280, 360):
        await page.set_viewport_size({"width": wide, "height": 800})
        assert await page.evaluate(width) <= 0
        table = await page.get_by_role("table").bounding_box()
        around = await page.get_by_role("navigation", name="Administration").bounding_box()
        assert table
        assert around
        assert table["x"] + table["width"] <= around["x"] + around["width"]
