"""What a page's load would take away cannot be done before it."""

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from chatapp import routes
from tests.browser.rows import Person
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser


class Loads:
    """Holds back what a page's socket brings of its load, until it is let through."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._page: WebSocketRoute | None = None
        self.held: list[str | bytes] = []

    def __call__(self, page: WebSocketRoute) -> None:
        self._page = page
        server = page.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if self._mark in str(message):
                self.held.append(message)
            else:
                page.send(message)

        server.on_message(pass_on)

    def let_through(self) -> None:
        assert self._page
        assert self.held
        for message in self.held:
            self._page.send(message)


@pytest.mark.parametrize(
    ("path", "mark", "button"),
    [
        (routes.ADMIN_GROUPS, '"admin:groups"', "Make the group"),
        (routes.ADMIN_ANNOUNCEMENTS, '"admin:announcements"', "Announce"),
        (routes.ADMIN_PEOPLE, '"admin:group-names"', "Make a link"),
        (routes.ADMIN_TOOLS, '"admin:tools"', "Add and test"),
    ],
)
async def test_a_form_is_there_once_its_page_is_loaded(
    app: AppServer, admin: Person, page: Page, path: str, mark: str, button: str
) -> None:
    loads = Loads(mark)
    await page.route_web_socket("**/_event/**", loads)
    await page.goto(app.url + path)
    await expect(page.get_by_role("link", name="Back to the chats")).to_be_visible()
    while not loads.held:
        await page.wait_for_timeout(10)
    submit = page.get_by_role("button", name=button, exact=True)
    await expect(submit).to_have_count(0)
    loads.let_through()
    await expect(submit).to_be_visible()
