"""Two admins at work on the same thing: nobody saves over what they have not seen."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from sqlmodel import select

from chatapp import routes
from chatapp.accounts.models import Group, Membership, Role
from chatapp.agents.tools.models import McpServer
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser

STALE = "Somebody else has changed this since you opened it, so nothing was saved."


@pytest.fixture
async def colleague(
    app: AppServer, rows: Rows, admin: Person, browser: Browser
) -> AsyncIterator[Page]:
    """The page of another admin."""
    context = await browser.new_context()
    await (await rows.person("Otto", role=Role.ADMIN)).sign_in(context, app)
    yield await context.new_page()
    await context.close()


async def refused_then_shown(form: Locator, box: Locator, typed: str, held: str) -> None:
    """A save is refused, what was typed stays, and what holds now is a click away."""
    told = form.get_by_role("alert").filter(has_text=STALE)
    await expect(told).to_be_visible()
    await expect(box).to_have_value(typed)
    await form.get_by_role("button", name="Show what holds now").click()
    await expect(box).to_have_value(held)
    await expect(told).to_have_count(0)


async def test_a_model_is_not_saved_over_anothers_change(
    app: AppServer, page: Page, colleague: Page
) -> None:
    lines = []
    for each in (page, colleague):
        await each.goto(app.url + routes.ADMIN_POOL)
        line = each.get_by_role("list", name="Models").get_by_role("listitem").first
        await line.get_by_text("Weight, limits and prices").click()
        lines.append(line)
    mine, theirs = (line.get_by_label("Weight") for line in lines)
    await mine.fill("3")
    await mine.press("Enter")
    await expect(lines[0]).to_contain_text("weight 3")
    await theirs.fill("7")
    await theirs.press("Enter")
    await refused_then_shown(lines[1], theirs, "7", "3")
    await theirs.fill("7")
    await theirs.press("Enter")
    await expect(lines[1]).to_contain_text("weight 7")
    # As it was, for those who share the app.
    await lines[1].get_by_role("button", name="Take back").click()
    asked = lines[1].get_by_role("alertdialog")
    await expect(asked).to_contain_text("What was changed here is forgotten.")
    await asked.get_by_role("button", name="Do it all the same").click()
    await expect(lines[1]).to_contain_text("weight 1")


async def test_no_page_of_forms_is_saved_over_anothers_change(
    app: AppServer, rows: Rows, page: Page, colleague: Page
) -> None:
    team = Group(name="Limited")
    server = McpServer(name="kept", url="http://127.0.0.1:9/mcp")
    await rows.add([team], [server])
    limits = f"{routes.ADMIN_LIMITS}?group={team.id}"

    def rules(of: Page) -> Locator:
        return of.locator("form").filter(has=of.get_by_role("textbox", name="Instructions for"))

    async def forms(path: str) -> None:
        for each in (page, colleague):
            await each.goto(app.url + path)

    await forms(limits)
    for each, value in ((page, "5"), (colleague, "9")):
        await each.get_by_label("Questions a day").fill(value)
    await page.get_by_role("button", name="See whom it hits").click()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. It holds at once.")).to_be_visible()
    await colleague.get_by_role("button", name="See whom it hits").click()
    box = colleague.get_by_label("Questions a day")
    await refused_then_shown(colleague.locator("main"), box, "9", "5")
    await forms(routes.ADMIN_AGENTS)
    for each, value in ((page, "Be kind."), (colleague, "Be brief.")):
        await rules(each).get_by_role("textbox").fill(value)
        await rules(each).get_by_role("button", name="Save").click()
        if each is page:
            await expect(rules(page)).to_contain_text("Saved.")
    form = rules(colleague)
    await refused_then_shown(form, form.get_by_role("textbox"), "Be brief.", "Be kind.")
    await form.get_by_role("textbox").fill("")
    await form.get_by_role("button", name="Save").click()
    await expect(form).to_contain_text("Saved.")
    await forms(routes.ADMIN_TOOLS)
    regions = [each.get_by_role("region", name="kept") for each in (page, colleague)]
    for region, value in zip(regions, ("11", "22"), strict=True):
        await region.get_by_text("Change or remove").click()
        await region.get_by_label("Seconds for each use").fill(value)
        await region.get_by_role("button", name="Save and test").click()
        if region is regions[0]:
            await expect(region).to_contain_text("Each use may take 11 seconds.")
    box = regions[1].get_by_label("Seconds for each use")
    await refused_then_shown(regions[1], box, "22", "11")
    await regions[1].get_by_text("Remove the server").click()
    await regions[1].get_by_role("button", name="Remove it for good").click()
    await expect(regions[1]).to_have_count(0)


async def test_the_groups_of_a_person_are_joined(
    app: AppServer, rows: Rows, page: Page, colleague: Page
) -> None:
    one, two = Group(name="One of two"), Group(name="Two of two")
    somebody = await rows.person("Somebody")
    await rows.add([one, two])
    pages = (page, colleague)
    for each in pages:
        await each.goto(app.url + routes.person(somebody.id))
    for each, group in zip(pages, (one, two), strict=True):
        await each.get_by_label(group.name).check()
        await each.get_by_role("button", name="Save groups").click()
        await expect(each.get_by_text("Saved.")).to_be_visible()
    found = await rows.all(select(Membership.group_id).where(Membership.user_id == somebody.id))
    assert set(found) == {one.id, two.id}
