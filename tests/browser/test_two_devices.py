"""A desktop and a phone of one person, each signed in by itself and at a process of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from tests.answers.world import words
from tests.browser.chatting import Chatting
from tests.browser.rows import Rows
from tests.browser.test_sidebar import choose, visible
from tests.faults.fleet import Fleet, fleet

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
async def ships(
    built_pages: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Fleet]:
    """Two processes of one installation."""
    folder: Path = tmp_path_factory.mktemp("ships")
    async with fleet(folder, 2) as made:
        yield made


@pytest.fixture
async def devices(ships: Fleet, browser: Browser) -> AsyncIterator[tuple[Chatting, Chatting]]:
    """The desktop and the phone."""
    await ships.providers.reset()
    rows = Rows(ships.env)
    person = await rows.person("Ada")
    contexts = (
        await browser.new_context(reduced_motion="reduce", locale="en-US"),
        await browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True),
    )
    made: list[Chatting] = []
    for member, context in zip(ships.members, contexts, strict=True):
        await (await rows.signed_in_again(person)).sign_in(context, member.server)
        made.append(Chatting(await context.new_page(), member.server.url))
        await made[-1].open()
    yield made[0], made[1]
    for context in contexts:
        await context.close()


async def test_what_is_done_on_one_device_is_seen_on_the_other(
    ships: Fleet, devices: tuple[Chatting, Chatting]
) -> None:
    desktop, phone = devices
    await ships.providers.set(text=words(40), fault={"kind": "stall_after", "after": 20})
    await desktop.ask("Asked at the desktop")
    await expect(desktop.answer.locator(".reading")).to_have_text(words(20))
    await phone.page.get_by_role("button", name="Open the list of chats").tap()
    await phone.nav.get_by_role("link", name="Asked at the desktop").tap()
    await expect(phone.questions).to_contain_text(["Asked at the desktop"])
    await expect(phone.answer.locator(".reading")).to_have_text(words(20))
    # Stopped at the phone, whose process does not make it.
    await phone.stop.tap()
    for device in devices:
        await expect(device.answer).to_have_attribute("data-status", "stopped")
        await expect(device.answer.locator(".reading")).to_have_text(words(20))
    await ships.providers.wait(closed_early=1)
    await ships.providers.reset()
    await phone.box.fill("[[say 30 words at 30/s]]")
    await phone.send.tap()
    for device in devices:
        await expect(device.questions).to_have_count(2)
        await expect(device.questions.last).to_contain_text("[[say 30 words at 30/s]]")
        await expect(device.answers).to_have_count(2)
        await expect(device.answer).to_have_attribute("data-status", "done")
        await expect(device.answer.locator(".reading")).to_have_text(words(30))
    await choose(desktop.page, "Asked at the desktop", "Rename")
    title = desktop.page.get_by_role("textbox", name="New title")
    await title.fill("Renamed")
    await title.press("Enter")
    for device in devices:
        await expect(device.page.locator("header [data-title]")).to_have_text("Renamed")
    await phone.page.get_by_role("button", name="Open the list of chats").tap()
    await phone.page.get_by_role("button", name="Options of Renamed").tap()
    await visible(phone.page.get_by_role("button", name="Delete", exact=True)).tap()
    gone = desktop.page.get_by_role("heading", name="This chat is not there")
    await expect(gone).to_be_visible()
    await expect(desktop.nav.get_by_role("link", name="Renamed")).to_have_count(0)
    await phone.page.get_by_role("button", name="Undo").tap()
    await expect(desktop.answers).to_have_count(2)
    await expect(desktop.nav.get_by_role("link", name="Renamed")).to_be_visible()
