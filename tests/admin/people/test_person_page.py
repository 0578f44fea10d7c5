"""The page about one person, invitations, groups and the audit, driven as an admin does."""

import re

import pytest
from playwright.async_api import Browser, Page, expect
from sqlmodel import select

from chatapp import routes
from chatapp.accounts.models import Group, User
from chatapp.chats.models import Message
from tests.admin.people.test_page import PASSWORD, everybody, line, search
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser


async def narrow_enough(page: Page) -> bool:
    """Whether the page fits a phone."""
    await page.set_viewport_size({"width": 360, "height": 700})
    wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    await page.set_viewport_size({"width": 1280, "height": 900})
    return wide <= 0


async def test_from_the_invitation_to_the_end(
    app: AppServer, rows: Rows, admin: Person, page: Page, browser: Browser
) -> None:
    # A group for the one who is invited.
    await page.goto(app.url + routes.ADMIN_GROUPS)
    await page.get_by_role("textbox", name="Name", exact=True).fill("Readers")
    await page.get_by_role("button", name="Make the group").click()
    await expect(page.get_by_text("The group Readers was made.")).to_be_visible()
    assert await narrow_enough(page)

    await page.goto(app.url + routes.ADMIN_PEOPLE)
    await expect(everybody(page)).not_to_have_count(0)
    form = page.get_by_role("region", name="Invite")
    await form.get_by_role("combobox", name="Group").select_option(label="Readers")
    await form.get_by_role("button", name="Make a link").click()
    link = await form.get_by_role("textbox", name="The link").input_value()
    assert link.startswith(app.url + "/signup?invite=")
    context = await browser.new_context()
    other = await context.new_page()
    await other.goto(link)
    await expect(other.get_by_text("You were invited.")).to_be_visible()
    await other.get_by_role("textbox", name="Email", exact=True).fill("guest@example.org")
    await other.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
    await other.get_by_role("button", name="Sign up", exact=True).click()
    await other.wait_for_url(app.url + routes.HOME)
    await rows_chat_of(rows, "guest@example.org")

    # The page about the guest: the group, usage, and nothing of what was written.
    await search(page, "guest@")
    await line(page, "guest@example.org").get_by_role("link", name="guest@example.org").click()
    await expect(page.get_by_role("checkbox", name="Readers")).to_be_checked()
    await expect(page.get_by_text("Questions this month")).to_be_visible()
    await expect(page.get_by_text("Account made")).to_be_visible()
    await expect(page.locator("body")).not_to_contain_text("Only the guest wrote this")
    assert await narrow_enough(page)
    await page.get_by_role("checkbox", name="Readers").uncheck()
    await page.get_by_role("button", name="Save groups").click()
    await expect(page.get_by_text("People taken out of a group")).to_have_count(0)
    await expect(page.get_by_text("Saved.")).to_be_visible()

    # A copy is offered, and only the guest gets it.
    await page.get_by_role("button", name="Offer a copy").click()
    await expect(page.get_by_text("Nobody else can get it.")).to_be_visible()
    await other.goto(app.url + routes.SETTINGS)
    await expect(other.get_by_text("has asked that you get a copy")).to_be_visible()
    async with other.expect_download() as started:
        await other.get_by_role("button", name="Download everything").click()
    copy = await (await started.value).path()
    assert "Only the guest wrote this" in copy.read_text()
    await other.goto(app.url + routes.HOME)
    await expect(other.get_by_role("link", name="A chat")).to_be_visible()

    # A new password: the guest is out at once, and in again with it.
    await page.get_by_role("button", name="Make a link for a new password").click()
    reset = await page.get_by_role("textbox", name="The link").input_value()
    new = await context.new_page()
    await new.goto(reset)
    await new.get_by_role("textbox", name="New password").fill("another good one")
    await new.get_by_role("button", name="Change password").click()
    await expect(new.get_by_text("Your password was changed.")).to_be_visible()
    await expect(other.get_by_role("button", name="Sign in")).to_be_visible(timeout=15_000)
    await new.goto(reset)
    await expect(new.get_by_role("alert")).to_contain_text("used already")
    await new.goto(app.url + routes.LOGIN)
    await new.get_by_role("textbox", name="Email", exact=True).fill("guest@example.org")
    await new.get_by_role("textbox", name="Password", exact=True).fill("another good one")
    await new.get_by_role("button", name="Sign in", exact=True).click()
    await new.wait_for_url(app.url + routes.HOME)

    # The end: only with the e-mail typed, and really.
    await page.get_by_text("Delete this account").click()
    confirm = page.get_by_role("textbox", name="Type the person’s e-mail")
    await confirm.fill("other@example.org")
    await page.get_by_role("button", name="Delete everything").click()
    await expect(page.get_by_role("alert")).to_contain_text("nothing was deleted")
    await confirm.fill("guest@example.org")
    await page.get_by_role("button", name="Delete everything").click()
    await expect(page.get_by_text("everything in it has been deleted")).to_be_visible()
    assert await rows.all(select(User.id).where(User.email == "guest@example.org")) == []
    assert "Only the guest wrote this" not in await rows.all(select(Message.text))
    await expect(new.get_by_role("button", name="Sign in")).to_be_visible(timeout=15_000)
    await context.close()

    # All of it is in the audit, by the admin, and in the file.
    await page.goto(app.url + routes.ADMIN_AUDIT)
    notes = everybody(page)
    await expect(notes.filter(has_text="Account erased")).to_contain_text(admin.email)
    await page.get_by_role("combobox", name="Everything").select_option("group.made")
    await expect(notes).to_have_count(1)
    await expect(notes).to_contain_text("Readers")
    assert await narrow_enough(page)
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Export as CSV").click()
    lines = (await (await started.value).path()).read_text().splitlines()
    assert len(lines) == 2
    assert "group.made" in lines[1]

    # The group is removed once its name is typed.
    await page.goto(app.url + routes.ADMIN_GROUPS)
    group = page.get_by_role("listitem").filter(has_text="Readers")
    await group.get_by_text("Remove", exact=True).click()
    await group.get_by_role("textbox", name="Type the group’s name").fill("Readers")
    await group.get_by_role("button", name="Remove the group").click()
    await expect(page.get_by_text("The group was removed.")).to_be_visible()
    assert await rows.all(select(Group.id).where(Group.name == "Readers")) == []


async def rows_chat_of(rows: Rows, email: str) -> None:
    """Something that its writer alone may read."""
    [user_id] = await rows.all(select(User.id).where(User.email == email))
    await rows.chat(Person(user_id, email, ""), "Only the guest wrote this", "Yes")


async def test_who_ends_an_account_oneself_proves_it(
    app: AppServer, rows: Rows, admin: Person, page: Page, browser: Browser
) -> None:
    await page.goto(app.url + routes.ADMIN_PEOPLE)
    await expect(everybody(page)).not_to_have_count(0)
    form = page.get_by_role("region", name="Invite")
    await form.get_by_role("textbox", name=re.compile("E-mail")).fill("leaver@example.org")
    await form.get_by_role("button", name="Make a link").click()
    link = await form.get_by_role("textbox", name="The link").input_value()
    context = await browser.new_context()
    other = await context.new_page()
    await other.goto(link)
    await other.get_by_role("textbox", name="Email", exact=True).fill("leaver@example.org")
    await other.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
    await other.get_by_role("button", name="Sign up", exact=True).click()
    await other.wait_for_url(app.url + routes.HOME)
    for password, words in (("wrong one", "is not right"), (PASSWORD, "has been deleted")):
        await other.goto(app.url + routes.SETTINGS)
        await other.get_by_text("Delete my account").click()
        await other.get_by_label("Your password").fill(password)
        await other.get_by_role("checkbox", name="I am sure").check()
        await other.get_by_role("button", name="Delete everything").click()
        await expect(other.get_by_text(words)).to_be_visible()
    assert other.url.startswith(app.url + routes.LOGIN)
    assert await rows.all(select(User.id).where(User.email == "leaver@example.org")) == []
    await context.close()
