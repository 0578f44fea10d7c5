import pytest
from playwright.async_api import Page, expect

from chatapp import routes
from tests.accounts.conftest import PASSWORD
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser


async def fill(page: Page, email: str, password: str) -> None:
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password", exact=True).fill(password)


async def test_a_life_of_an_account(app_server: AppServer, page: Page) -> None:
    email = "life@example.org"
    # Signed out, the home page leads to the sign-in page.
    await page.goto(app_server.url + routes.HOME)
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await page.get_by_role("link", name="Make an account").click()
    await page.get_by_role("textbox", name="Name (optional)").fill("Ada")
    await fill(page, email, PASSWORD)
    await page.get_by_role("button", name="Sign up").click()
    await page.wait_for_url(app_server.url + routes.HOME)

    await page.goto(app_server.url + routes.SETTINGS)
    await expect(page.get_by_text(email)).to_be_visible()
    await page.get_by_label("Current password").fill("wrong password")
    await page.get_by_label("New password").fill("another horse")
    await page.get_by_role("button", name="Change password").click()
    await expect(page.get_by_role("alert")).to_contain_text("The current password is not right.")
    await page.get_by_label("Current password").fill(PASSWORD)
    await page.get_by_label("New password").fill("another horse")
    await page.get_by_role("button", name="Change password").click()
    await expect(page.get_by_role("status")).to_contain_text("Your password was changed.")
    await page.get_by_role("button", name="Sign out", exact=True).click()
    await page.wait_for_url(app_server.url + routes.LOGIN)

    await fill(page, email, PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("do not go together")
    await expect(page.get_by_label("Email")).to_have_value(email)
    await expect(page.get_by_label("Password", exact=True)).to_have_value("")
    await page.get_by_label("Password", exact=True).fill("another horse")
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(app_server.url + routes.HOME)


async def test_signing_out_everywhere_closes_other_tabs(app_server: AppServer, page: Page) -> None:
    await page.goto(app_server.url + routes.SIGNUP)
    await fill(page, "tabs@example.org", PASSWORD)
    await page.get_by_role("button", name="Sign up").click()
    await page.wait_for_url(app_server.url + routes.HOME)
    other = await page.context.new_page()
    await other.goto(app_server.url + routes.SETTINGS)
    await expect(other.get_by_text("tabs@example.org")).to_be_visible()
    await page.goto(app_server.url + routes.SETTINGS)
    await page.get_by_role("button", name="Sign out everywhere").click()
    await page.wait_for_url(app_server.url + routes.LOGIN)
    await expect(other.get_by_role("button", name="Sign in")).to_be_visible(timeout=15_000)
    await expect(other.get_by_text("tabs@example.org")).to_have_count(0)


async def test_after_signing_in_it_goes_on_where_one_wanted_to(
    app_server: AppServer, page: Page
) -> None:
    await page.goto(app_server.url + routes.SETTINGS)
    await page.wait_for_url(f"**{routes.LOGIN}?next=/settings")
    link = page.get_by_role("link", name="Make an account")
    await expect(link).to_have_attribute("href", f"{routes.SIGNUP}?next=/settings")
    await link.click()
    await fill(page, "onward@example.org", PASSWORD)
    await page.get_by_role("button", name="Sign up").click()
    await page.wait_for_url(app_server.url + routes.SETTINGS)
