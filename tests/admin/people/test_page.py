"""The page about people in a browser."""

import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from chatapp import routes
from chatapp.accounts.models import Role
from chatapp.admin.paging import PAGE
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser

PASSWORD = "correct horse"


def line(page: Page, text: str) -> Locator:
    """The line of a person."""
    return everybody(page).filter(has_text=text)


def everybody(page: Page) -> Locator:
    """The lines of all people who are shown."""
    return page.locator("tbody").get_by_role("row")


async def search(page: Page, text: str) -> None:
    box = page.get_by_role("searchbox", name="Search people")
    await box.fill(text)
    await box.press("Enter")


async def test_it_does_not_exist_for_others(app: AppServer, rows: Rows, page: Page) -> None:
    member = await rows.person()
    await member.sign_in(page.context, app)
    await page.goto(app.url + "/nothing-here")
    missing = await page.locator("main").inner_text()
    await page.goto(app.url + routes.ADMIN)
    await expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    assert await page.locator("main").inner_text() == missing
    await expect(page.get_by_text("Administration")).to_have_count(0)
    await page.goto(app.url + routes.SETTINGS)
    await expect(page.get_by_text(member.email)).to_be_visible()
    await expect(page.get_by_role("link", name="Administration")).to_have_count(0)
    # Signed out, it leads to the sign-in page, as every page does.
    await page.context.clear_cookies()
    await page.goto(app.url + routes.ADMIN)
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()


async def test_search_takes_every_character_as_it_is(
    app: AppServer, rows: Rows, admin: Person, page: Page
) -> None:
    await rows.person("Percy 100% sure", email="percy@example.org")
    await rows.person("Under_score", email="under_score@example.org")
    await rows.person("UnderXscore", email="underxscore@example.org")
    await rows.person("Back\\slash", email="back@example.org")
    await page.goto(app.url + routes.ADMIN_PEOPLE)
    await expect(line(page, "percy@example.org")).to_be_visible()
    people = everybody(page)
    for text, found in {
        "100%": ["percy@example.org"],
        "r_s": ["under_score@example.org"],
        "UNDER_SCORE@": ["under_score@example.org"],
        "k\\s": ["back@example.org"],
    }.items():
        await search(page, text)
        await expect(page.get_by_role("searchbox", name="Search people")).to_be_focused()
        await expect(people).to_have_count(len(found))
        for email in found:
            await expect(people.filter(has_text=email)).to_be_visible()
    for nobody in ("%", "'; drop table users; --", "%percy", "a" * 100):
        await search(page, nobody)
        await expect(page.get_by_text("Nobody matches.")).to_be_visible()
    await search(page, "")
    await expect(line(page, "back@example.org")).to_be_visible()


async def test_who_waits_is_let_in(
    app: AppServer, admin: Person, page: Page, browser: Browser
) -> None:
    context = await browser.new_context()
    other = await context.new_page()

    async def knock(path: str, button: str) -> None:
        await other.goto(app.url + path)
        await other.get_by_role("textbox", name="Email", exact=True).fill("pending@example.org")
        await other.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
        await other.get_by_role("button", name=button, exact=True).click()

    await knock(routes.SIGNUP, "Sign up")
    await other.wait_for_url(re.compile(routes.LOGIN))
    await knock(routes.LOGIN, "Sign in")
    await expect(other.get_by_role("alert").or_(other.get_by_role("status"))).to_be_visible()
    assert other.url.startswith(app.url + routes.LOGIN)
    await page.goto(app.url + routes.ADMIN_PEOPLE)
    await page.get_by_role("link", name="Show them").click()
    first = line(page, "pending@example.org")
    await expect(first).to_contain_text("pending@example.org")
    await expect(first).to_contain_text("Waiting")
    await first.get_by_role("button", name="Approve").click()
    await expect(first).to_have_count(0)
    await page.get_by_role("combobox", name="All", exact=True).select_option("active")
    person = line(page, "pending@example.org")
    await expect(person.get_by_role("button", name="Switch off")).to_be_visible()
    await knock(routes.LOGIN, "Sign in")
    await other.wait_for_url(app.url + routes.HOME)
    await context.close()


async def test_who_is_switched_off_is_out_at_once(
    app: AppServer, rows: Rows, admin: Person, page: Page, browser: Browser
) -> None:
    member = await rows.person("Mallory")
    context = await browser.new_context()
    await member.sign_in(context, app)
    other = await context.new_page()
    await rows.chat(member, "Something private", "Yes", title="Private")
    await other.goto(app.url + routes.HOME)
    await expect(other.get_by_role("link", name="Private")).to_be_visible()
    await page.goto(app.url + routes.ADMIN_PEOPLE)
    await search(page, member.email)
    person = line(page, member.email)
    await person.get_by_role("button", name="Switch off").click()
    await expect(person).to_contain_text("Switched off")
    # The open tab is closed without anything being done in it.
    await expect(other.get_by_role("button", name="Sign in")).to_be_visible(timeout=15_000)
    await expect(other.get_by_text("Private")).to_have_count(0)
    await person.get_by_role("button", name="Switch on").click()
    await expect(person).not_to_contain_text("Switched off")
    # The old session is dead all the same.
    await other.goto(app.url + routes.HOME)
    await expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    await context.close()


async def test_roles_count_from_the_next_click_on(
    app: AppServer, rows: Rows, admin: Person, page: Page, browser: Browser
) -> None:
    second = await rows.person("Second", role=Role.ADMIN)
    victim = await rows.person("Victim")
    context = await browser.new_context()
    await second.sign_in(context, app)
    other = await context.new_page()
    await other.goto(app.url + routes.ADMIN_PEOPLE)
    await search(other, victim.email)
    await expect(line(other, victim.email)).to_be_visible()
    await page.goto(app.url + routes.ADMIN_PEOPLE)
    await search(page, second.email)
    await line(page, second.email).get_by_role("button", name="Make member").click()
    await expect(line(page, second.email).get_by_role("button", name="Make admin")).to_be_visible()
    # The page of the one who is no longer admin is still open, and does nothing.
    await line(other, victim.email).get_by_role("button", name="Switch off").click()
    await other.reload()
    await expect(other.get_by_role("heading", name="There is no such page")).to_be_visible()
    await search(page, victim.email)
    switch = line(page, victim.email).get_by_role("button", name="Switch off")
    await expect(switch).to_be_visible()
    await context.close()


async def test_people_are_turned_page_by_page(
    app: AppServer, rows: Rows, admin: Person, page: Page
) -> None:
    for number in range(PAGE + 3):
        await rows.person(f"Crowd {number:02}", email=f"crowd{number:02}@example.org")
    await page.goto(app.url + routes.ADMIN_PEOPLE)
    people = everybody(page)
    await expect(people).to_have_count(PAGE)
    await search(page, "crowd")
    await expect(people.first).to_contain_text(f"Crowd {PAGE + 2}")
    await expect(page.get_by_text(f"1–{PAGE} of {PAGE + 3}")).to_be_visible()
    back = page.get_by_role("link", name="Previous page")
    on = page.get_by_role("link", name="Next page")
    await expect(back).to_have_count(0)
    await on.click()
    await expect(people).to_have_count(3)
    await expect(people.last).to_contain_text("Crowd 00")
    await expect(on).to_have_count(0)
    # What is changed on a page is shown on that page.
    await people.last.get_by_role("button", name="Switch off").click()
    await expect(people.last).to_contain_text("Switched off")
    await expect(people).to_have_count(3)
    # The URL says what is shown: it stays when the page is loaded again.
    await page.reload()
    await expect(people.last).to_contain_text("Switched off")
    await expect(people).to_have_count(3)
    await back.click()
    await expect(people).to_have_count(PAGE)
    # Sorted by a click on a head, and the other way round by another one.
    head = page.get_by_role("columnheader", name="Name")
    await head.get_by_role("link").click()
    await expect(people.first).to_contain_text("Crowd 00")
    await expect(head).to_have_attribute("aria-sort", "ascending")
    await head.get_by_role("link").press("Enter")
    await expect(people.first).to_contain_text(f"Crowd {PAGE + 2}")
    await expect(head).to_have_attribute("aria-sort", "descending")
    await page.get_by_role("combobox", name="All", exact=True).select_option("disabled")
    await expect(people).to_have_count(1)
    await page.go_back()
    await expect(people).to_have_count(PAGE)
    # A row is as wide as a phone.
    await page.set_viewport_size({"width": 360, "height": 700})
    wide = "document.documentElement.scrollWidth - innerWidth"
    assert await page.evaluate(wide) <= 0
