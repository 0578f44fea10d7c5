"""The overview in a browser."""

import re
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, Page, expect

from chatapp import routes
from chatapp.accounts.models import UserStatus
from chatapp.history.counting import HOUR, MINUTE
from chatapp.history.models import HistoryCount
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser


@pytest.fixture
def app(fresh_app: AppServer) -> AppServer:
    return fresh_app


async def test_numbers_charts_and_the_way_there(
    app: AppServer, rows: Rows, admin: Person, page: Page
) -> None:
    await rows.chat(admin, "One question", "Its answer", "Another", "And its answer")
    minute = int(time.time()) // MINUTE
    for name, value in (("answers:done", 1200), ("answers:failed", 34), ("questions", 1240)):
        for width, at in ((MINUTE, minute), (HOUR, minute * MINUTE // HOUR)):
            await rows.add([HistoryCount(width=width, name=name, at=at, value=value)])
    await page.goto(app.url + routes.SETTINGS)
    await page.get_by_role("link", name="Administration").click()
    await expect(page.get_by_role("heading", name="Administration")).to_be_visible()
    await expect(page.get_by_role("term").filter(has_text="Questions")).to_be_visible()
    numbers = page.get_by_label("Numbers")
    await expect(numbers).to_contain_text("1,240")
    await expect(numbers).to_contain_text("34 failed")
    chart = page.get_by_role("img", name=re.compile("^Answers per 15 minutes, by how they ended"))
    await expect(chart).to_have_accessible_name(re.compile("failed 34 at most"))
    for span, step in (("Hour", "a minute"), ("Week", "per 3 hours"), ("Month", "per 12 hours")):
        button = page.get_by_role("button", name=span, exact=True)
        await button.click()
        await expect(button).to_have_attribute("aria-pressed", "true")
        name = re.compile(f"^Answers {step}, by how")
        await expect(page.get_by_role("img", name=name)).to_be_visible()
        await expect(numbers).to_contain_text("1,240")
    # What people wrote is nobody's business here.
    await expect(page.locator("body")).not_to_contain_text("One question")


async def test_when_a_day_ends_is_told_by_the_clock_of_who_reads_it(
    app: AppServer, rows: Rows, admin: Person, browser: Browser
) -> None:
    minute = int(time.time()) // MINUTE
    asked = HistoryCount(width=MINUTE, name="member:groq-main/llama:ok", at=minute, value=6000)
    await rows.add([asked])
    context = await browser.new_context(timezone_id="Asia/Kolkata", locale="en-GB")
    await admin.sign_in(context, app)
    page = await context.new_page()
    await page.goto(app.url + routes.ADMIN)
    told = page.get_by_role("list", name="Quota of the day").get_by_role("listitem")
    said = re.compile(
        r"At this pace the day’s quota of Groq · llama ends at (?:\w+ )?(\d\d:\d\d)\."
    )
    await expect(told).to_contain_text(said)
    # 1,000 are left and 6,000 are asked in an hour.
    expected = datetime.now(ZoneInfo("Asia/Kolkata")) + timedelta(minutes=10)
    found = said.search(await told.inner_text())
    assert found
    assert found[1] in {f"{expected - timedelta(minutes=ago):%H:%M}" for ago in range(5)}
    await context.close()


async def test_who_waits_for_approval_is_counted(
    app: AppServer, rows: Rows, admin: Person, page: Page
) -> None:
    await rows.person("Newcomer", status=UserStatus.PENDING)
    await page.goto(app.url + routes.ADMIN)
    await page.get_by_role("link", name=re.compile("for approval")).click()
    await expect(page.get_by_role("heading", name="People", exact=True).first).to_be_visible()
