"""Accounts and models are changed in a browser."""

import pytest
from playwright.async_api import Locator, Page, expect

from chatapp import routes
from tests.browser.rows import Person
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser

KEY = "sk-verysecretverysecret7777"


def line(page: Page, names: str, text: str) -> Locator:
    return page.get_by_role("list", name=names).get_by_role("listitem").filter(has_text=text)


async def test_an_account_and_a_model_are_added_switched_off_and_removed(
    app: AppServer, admin: Person, page: Page
) -> None:
    await page.goto(app.url + routes.ADMIN_PROVIDERS)
    await page.get_by_role("link", name="Change accounts and models").click()
    await expect(line(page, "Models", "demo")).to_contain_text("From the environment")
    await page.get_by_text("Add an account").click()
    form = page.locator("form").filter(has=page.get_by_role("button", name="Add the account"))
    await form.get_by_label("Name", exact=True).fill("local")
    await form.get_by_role("combobox").select_option("openai")
    await form.get_by_label("Address").fill("ftp://127.0.0.1:9")
    await form.get_by_label("Key").fill(KEY)
    await form.get_by_role("button").click()
    await expect(form.get_by_role("alert")).to_have_text(
        "An http(s) address without user name, password and query."
    )
    await form.get_by_label("Address").fill("http://127.0.0.1:9/v1")
    await form.get_by_role("button").click()
    account = line(page, "Accounts", "local")
    await expect(account).to_contain_text("kept sealed, ends in 7777")
    await expect(account).to_contain_text("Added here")
    await page.get_by_text("Add a model").click()
    form = page.locator("form").filter(has=page.get_by_role("button", name="Add the model"))
    await form.get_by_label("Tier").fill("smart")
    await form.get_by_role("combobox").select_option("local")
    await form.get_by_label("Model", exact=True).fill("llama")
    await form.get_by_label("Requests a day").fill("no")
    await form.get_by_role("button").click()
    await expect(form.get_by_role("alert")).to_have_text("A whole number from 1, or nothing.")
    await form.get_by_label("Requests a day").fill("50")
    await form.get_by_label("Requests a day").press("Enter")
    model = line(page, "Models", "llama")
    await expect(model).to_contain_text("smart · local · weight 1, 50 a day · Added here")
    await model.get_by_role("button", name="Switch off").click()
    asked = page.get_by_role("alertdialog")
    await expect(asked).to_contain_text("nobody is left in “smart”")
    await asked.get_by_role("button", name="Leave it").click()
    await expect(asked).to_have_count(0)
    await model.get_by_role("button", name="Switch off").click()
    await asked.get_by_role("button", name="Do it all the same").click()
    await expect(model).to_contain_text("Switched off")
    await page.reload()
    await expect(model).to_contain_text("Switched off")
    assert KEY not in await page.content()
    # What is gone for good is asked for once more, and the keyboard is on the way out.
    for each in (model, account):
        await each.get_by_role("button", name="Remove").press("Enter")
        await expect(asked).to_contain_text("forgotten for good")
        await expect(asked.get_by_role("button", name="Leave it")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(asked).to_have_count(0)
        await expect(each).to_have_count(1)
        await each.get_by_role("button", name="Remove").press("Enter")
        await asked.get_by_role("button", name="Do it all the same").press("Enter")
        await expect(each).to_have_count(0)
