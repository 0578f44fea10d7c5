"""The page about agents: the organisation’s, and what every chat is given and begins with."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect
from sqlmodel import select

from chatapp import routes
from chatapp.accounts.models import Group
from chatapp.answers.welcome import WELCOME
from chatapp.controls.models import ControlValue
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser


@pytest.fixture
async def other(app: AppServer, rows: Rows, browser: Browser) -> AsyncIterator[Page]:
    """The page of somebody who is no admin."""
    context = await browser.new_context(reduced_motion="reduce", locale="en-US")
    await (await rows.person("Eve")).sign_in(context, app)
    yield await context.new_page()
    await context.close()


async def test_one_for_everyone_or_a_group_is_made_changed_copied_switched_off_and_deleted(
    app: AppServer, admin: Person, page: Page, other: Page, rows: Rows
) -> None:
    await rows.add([Group(name="Nurses")])
    await page.goto(app.url + routes.ADMIN_AGENTS)
    await page.get_by_role("link", name="New agent").click()
    await page.get_by_label("Name").fill("House style")
    await page.get_by_label("Description").fill("As we write here")
    await page.get_by_label("Instructions").fill("Write plainly.")
    await expect(page.get_by_role("combobox", name="For")).to_have_value("all")
    await page.get_by_role("button", name="Save").click()
    ours = page.get_by_role("region", name="Your organisation’s agents").get_by_test_id("agent")
    await expect(ours).to_contain_text("For everyone")

    await other.goto(app.url + routes.AGENTS)
    theirs = other.get_by_test_id("agent").filter(has_text="House style")
    await expect(theirs).to_have_count(1)
    await expect(theirs.get_by_role("link", name="Look at House style")).to_be_visible()
    await expect(theirs.get_by_role("button", name="Delete House style")).to_have_count(0)

    await ours.get_by_role("link", name="Edit House style").click()
    await expect(page.get_by_label("Instructions")).to_have_value("Write plainly.")
    await page.get_by_label("Name").fill("Ward style")
    await page.get_by_role("combobox", name="For").select_option(label="The group Nurses")
    version = page.locator("[name=version]")
    for description in ("As we write on the ward", "As we write here and there"):
        before = await version.input_value()
        await page.get_by_label("Description").fill(description)
        await page.get_by_role("button", name="Save").click()
        await expect(version).not_to_have_value(before)
        saved = page.get_by_text("Saved. It counts from the next question on.")
        await expect(saved).to_be_visible()
    await page.goto(app.url + routes.ADMIN_AGENTS)
    await expect(ours).to_contain_text("As we write here and there")
    await expect(ours).to_contain_text("For Nurses")
    await other.reload()
    await expect(other.get_by_test_id("agent").first).to_be_visible()
    await expect(other.get_by_test_id("agent").filter(has_text="style")).to_have_count(0)

    await ours.get_by_role("button", name="Duplicate Ward style").click()
    await expect(page.get_by_label("Name")).to_have_value("Ward style copy")
    await page.goto(app.url + routes.ADMIN_AGENTS)
    await ours.get_by_role("button", name="Switch off Ward style").click()
    await expect(ours).to_contain_text("Switched off")
    await ours.get_by_role("button", name="Switch on Ward style").click()
    await expect(ours).not_to_contain_text("Switched off")
    await ours.get_by_role("button", name="Delete Ward style").click()
    await expect(ours).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(ours).to_have_count(1)
    await ours.get_by_role("button", name="Delete Ward style").click()
    await expect(page.get_by_text("There are none yet.")).to_be_visible()


async def test_what_comes_with_the_product_is_switched_off_for_everyone(
    app: AppServer, admin: Person, page: Page, other: Page
) -> None:
    await page.goto(app.url + routes.ADMIN_AGENTS)
    await page.get_by_role("button", name="Switch off Coder").click()
    await expect(page.get_by_role("button", name="Switch on Coder")).to_be_visible()
    await other.goto(app.url + routes.AGENTS)
    await expect(other.get_by_test_id("agent").filter(has_text="Writer")).to_have_count(1)
    await expect(other.get_by_test_id("agent").filter(has_text="Coder")).to_have_count(0)
    await page.get_by_role("button", name="Switch on Coder").click()
    await expect(page.get_by_role("button", name="Switch off Coder")).to_be_visible()


async def test_instructions_for_every_chat_are_kept(
    app: AppServer, admin: Person, page: Page, rows: Rows
) -> None:
    await page.goto(app.url + routes.ADMIN_AGENTS)
    box = page.get_by_role("textbox", name="Instructions for every chat")
    form = page.locator("form").filter(has=box)
    for words in ("We are a hospital.", ""):
        await box.fill(words)
        await form.get_by_role("button", name="Save").click()
        await expect(form.get_by_role("status")).to_contain_text("Saved.")
        kept = select(ControlValue.value).where(ControlValue.name == "agents.house_rules")
        assert await rows.all(kept) == [words]
        await page.reload()
        await expect(box).to_have_value(words)


async def test_the_empty_screen_says_what_admins_want_it_to_say(
    app: AppServer, admin: Person, page: Page, other: Page
) -> None:
    await page.goto(app.url + routes.ADMIN_AGENTS)
    form = page.get_by_role("region", name="The empty screen")
    await form.get_by_label("Greeting").fill("Welcome to the <b>ward</b>")
    await form.get_by_label("Question 1", exact=True).fill("What is a shift handover?")
    await form.get_by_label("Word above question 2").fill("")
    for number in (3, 4):
        await form.get_by_label(f"Question {number}", exact=True).fill("")
    await form.get_by_label("Greeting").press("Enter")
    await expect(form.get_by_role("status")).to_contain_text("Saved.")

    await other.goto(app.url)
    greeting = other.get_by_role("heading", name="Welcome to the <b>ward</b>")
    await expect(greeting).to_be_visible()
    offered = other.locator("ul").filter(has_text="What is a shift handover?").get_by_role("button")
    await expect(offered).to_have_count(2)
    await offered.first.click()
    box = other.get_by_role("textbox", name="Message")
    await expect(box).to_have_value("What is a shift handover?")

    await form.get_by_label("Greeting").fill(" ")
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_role("alert")).to_contain_text("There must be a greeting")
    await form.get_by_text("Restore the original").click()
    await form.get_by_role("button", name="Forget them").click()
    await expect(form.get_by_label("Greeting")).to_have_value(WELCOME.default.greeting)
    await expect(form.get_by_label("Question 4", exact=True)).not_to_have_value("")
    await other.reload()
    await expect(other.get_by_role("heading", name=WELCOME.default.greeting)).to_be_visible()
