"""Groups in a browser: what they may use, for their people, while two admins are at work."""

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from chatapp import routes
from chatapp.accounts.models import Group, Membership, Role
from chatapp.agents.models import Agent
from tests.browser.rows import Rows
from tests.harness.app import AppServer
from tests.harness.backends import execute

pytestmark = pytest.mark.browser


def card(page: Page, name: str) -> Locator:
    heading = page.get_by_role("heading", name=name, exact=True)
    return page.get_by_role("list", name="Groups").locator("> li").filter(has=heading)


def models(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Models")


async def choose(group: Locator, **wanted: bool) -> None:
    for name, ticked in wanted.items():
        await group.get_by_role("checkbox", name=name, exact=True).set_checked(ticked)
    await group.get_by_role("button", name="Save models").click()


async def test_a_groups_people_are_offered_its_models_at_once_and_no_others(
    two_tiers: AppServer, two_rows: Rows, page: Page, browser: Browser
) -> None:
    app, rows = two_tiers, two_rows
    admin = await rows.person("Ada", role=Role.ADMIN)
    other = await rows.person("Otto", role=Role.ADMIN)
    member = await rows.person("Member")
    team = Group(name="Team")
    agent = Agent(name="Clerk", emoji="🗂️", group_id=team.id)
    await rows.add([team], [Membership(user_id=member.id, group_id=team.id)], [agent])
    await admin.sign_in(page.context, app)
    theirs, second = await browser.new_context(), await browser.new_context()
    await member.sign_in(theirs, app)
    await other.sign_in(second, app)
    reader, colleague = await theirs.new_page(), await second.new_page()
    await reader.goto(app.url)
    await expect(models(reader).locator("option")).to_have_text(["Auto", "Fast", "Smart"])
    await models(reader).select_option("smart")
    await reader.get_by_role("textbox", name="Message").fill("Hello [[say 3 words]]")
    await reader.keyboard.press("Enter")
    await expect(reader.get_by_test_id("answer")).to_contain_text("·")
    for each in (page, colleague):
        await each.goto(app.url + routes.ADMIN_GROUPS)
        group = card(each, "Team")
        await expect(group).to_contain_text("All models")
        await expect(group.get_by_role("link", name="Everybody’s limits")).to_be_visible()
        await expect(group.get_by_role("link", name="Clerk")).to_be_visible()
        await group.get_by_text("Choose models").click()
    await choose(card(page, "Team"), Fast=True)
    await expect(page.get_by_text("Saved. It holds at once.")).to_be_visible()
    # The open chat knows, says so and goes on with what is left.
    await expect(models(reader)).to_have_count(0)
    taken = "Smart cannot be chosen any more: Fast answers from here on."
    await expect(reader.get_by_text(taken)).to_be_visible()
    # The colleague has seen what was, so nothing is saved over what is.
    group = card(colleague, "Team")
    await choose(group, Smart=True)
    await expect(group.get_by_role("alert")).to_contain_text("Somebody else has changed this")
    await expect(group.get_by_role("checkbox", name="Smart")).to_be_checked()
    await group.get_by_role("button", name="Show what holds now").click()
    await expect(group.get_by_role("checkbox", name="Fast")).to_be_checked()
    await expect(group.get_by_role("checkbox", name="Smart")).not_to_be_checked()
    await expect(group.get_by_role("alert")).to_have_count(0)
    await choose(group, Fast=False, Smart=True)
    await expect(colleague.get_by_text("Saved. It holds at once.")).to_be_visible()
    await expect(reader.get_by_text(taken)).to_have_count(0)
    await reader.goto(app.url)
    await expect(reader.get_by_role("textbox", name="Message")).to_be_visible()
    await expect(models(reader)).to_have_count(0)
    await theirs.close()
    await second.close()


async def test_a_page_whose_database_fails_says_so_and_can_be_tried_again(
    two_tiers: AppServer, two_rows: Rows, page: Page
) -> None:
    admin = await two_rows.person("Ida", role=Role.ADMIN)
    await admin.sign_in(page.context, two_tiers)
    await execute(two_tiers.env, "ALTER TABLE memberships RENAME TO away")
    try:
        await page.goto(two_tiers.url + routes.ADMIN_GROUPS)
        await expect(page.get_by_role("alert")).to_contain_text("Nothing is lost")
    finally:
        await execute(two_tiers.env, "ALTER TABLE away RENAME TO memberships")
    await page.get_by_role("button", name="Load the page again").click()
    await expect(page.get_by_role("list", name="Groups")).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)
