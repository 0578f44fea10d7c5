"""The page about tools in a browser, with a real MCP server."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect
from sqlmodel import select

from chatapp import routes
from chatapp.controls.models import ControlValue
from tests.agents.tools.serving import SECRET, Served, mcp_server
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser


@pytest.fixture
async def server() -> AsyncIterator[Served]:
    async with mcp_server() as served:
        yield served


async def test_tools_are_switched_and_a_server_is_added_tested_and_removed(
    app: AppServer, admin: Person, page: Page, server: Served
) -> None:
    await page.goto(app.url + routes.ADMIN_TOOLS)
    own = page.get_by_role("list", name="Tools", exact=True)
    calculator = own.get_by_role("listitem").filter(has_text="Calculator")
    await calculator.get_by_role("button", name="Switch off").click()
    await expect(calculator).to_contain_text("Off")
    await calculator.get_by_role("button", name="Ask before use").click()
    await expect(calculator).to_contain_text("Asks first")
    await page.reload()
    await expect(calculator).to_contain_text("Asks first")
    await calculator.get_by_role("button", name="Use without asking").click()
    await calculator.get_by_role("button", name="Switch on").click()
    await expect(page.get_by_text("Calculator is on for everyone.")).to_be_visible()

    new = page.get_by_role("region", name="Add an MCP server")
    await new.get_by_label("Name").fill("Not A Name")
    await new.get_by_label("Address").fill(server.url)
    await new.get_by_role("button", name="Add and test").click()
    await expect(new.get_by_role("alert")).to_contain_text("small letters")
    await new.get_by_label("Name").fill("notes")
    await new.get_by_label("Address").press("Enter")
    notes = page.get_by_role("region", name="notes", exact=True)
    await expect(notes.get_by_role("alert")).to_contain_text("refuses us")
    await expect(new.get_by_label("Address")).to_have_value("")

    await notes.get_by_text("Change or remove").click()
    await notes.get_by_label("Headers").fill(f"X-Key: {SECRET}")
    await notes.get_by_role("button", name="Save and test").click()
    await expect(page.get_by_text("The server answers, with 5 tools.")).to_be_visible()
    await expect(notes.get_by_role("textbox", name="Headers")).to_have_value("")
    read = notes.get_by_role("listitem").filter(has_text="Read a note")
    await read.get_by_role("button", name="Switch on").click()
    await expect(page.get_by_text("Read a note is on for everyone.")).to_be_visible()
    await page.goto(app.url + routes.NEW_AGENT)
    await page.get_by_label("Name").fill("Librarian")
    await page.get_by_role("checkbox", name="Read a note").check()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name="Librarian")).to_be_visible()
    for there in (False, True):
        await page.goto(app.url + routes.ADMIN_TOOLS)
        await page.get_by_role("button", name=f"Switch {'on' if there else 'off'}: notes").click()
        said = f"The server is {'on' if there else 'off'} for everyone."
        await expect(page.get_by_text(said)).to_be_visible()
        # What is away is not lost when something else of its agents is changed.
        await page.goto(app.url + routes.AGENTS)
        await page.get_by_role("link", name="Edit Librarian").click()
        await expect(page.get_by_role("checkbox", name="Read a note")).to_be_checked()
        await expect(page.get_by_text("Not available now.")).to_have_count(0 if there else 1)
        await page.get_by_label("Description").fill(f"Knows what is noted {there}")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_text("Saved. It counts from the next")).to_be_visible()
    await page.goto(app.url + routes.ADMIN_TOOLS)
    await page.reload()
    await expect(read).to_contain_text("On")
    await expect(notes).to_contain_text("Headers are sent along.")
    assert SECRET not in await page.content()
    await notes.get_by_role("button", name="Test now").click()
    await expect(page.get_by_text("The server answers, with 5 tools.")).to_be_visible()
    await notes.get_by_text("Change or remove").click()
    await notes.get_by_text("Remove the server").press("Enter")
    await notes.get_by_role("button", name="Remove it for good").press("Enter")
    await expect(page.get_by_text("The server and its tools are gone.")).to_be_visible()
    await expect(notes).to_have_count(0)
    assert SECRET not in app.process.text


async def test_admins_say_what_one_answer_may_use(
    app: AppServer, admin: Person, page: Page, rows: Rows
) -> None:
    await page.goto(app.url + routes.ADMIN_TOOLS)
    form = page.get_by_role("region", name="What one answer may use")
    await expect(form.get_by_label("Steps")).to_have_value("8")
    await expect(form.get_by_label("Tokens")).to_have_value("60000")
    await form.get_by_label("Steps").fill("99")
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_role("alert")).to_contain_text("Steps are from 1 to 50")
    await form.get_by_label("Steps").fill("3")
    await form.get_by_label("Seconds").fill("60")
    await form.get_by_label("Seconds").press("Enter")
    await expect(form.get_by_role("status")).to_contain_text("Saved.")
    kept = select(ControlValue.value).where(ControlValue.name == "agents.budget")
    assert await rows.all(kept) == [{"steps": 3, "tokens": 60_000, "seconds": 60}]
    await page.reload()
    await expect(form.get_by_label("Steps")).to_have_value("3")
