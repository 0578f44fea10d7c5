"""A picture of an agent: uploaded, shown wherever the agent is, and to nobody else."""

from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.async_api import Page, expect

from chatapp import routes
from chatapp.accounts.cookies import SESSION
from tests.agents.test_pictures import drawn
from tests.browser.chatting import Chatting
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser


async def loaded(page: Page) -> None:
    """Every picture that the page shows has come."""
    await page.wait_for_function(
        "() => { const all = [...document.querySelectorAll('img[src^=\"/pictures/\"]')]"
        ".filter((each) => each.offsetParent);"
        " return all.length && all.every((each) => each.complete && each.naturalWidth === 192); }"
    )


async def test_it_is_uploaded_and_stands_wherever_the_agent_does(
    chatting: Chatting, tmp_path: Path
) -> None:
    page = chatting.page
    photo, words = tmp_path / "photo.jpg", tmp_path / "words.png"
    Image.effect_noise((2_000, 1_500), 80).save(photo, quality=95)
    words.write_bytes(b"no picture")
    await page.goto(chatting.url + routes.NEW_AGENT)
    await page.get_by_label("Name").fill("Painter")
    chooser = page.get_by_label("Picture", exact=True)
    await chooser.set_input_files(words)
    await expect(page.get_by_text("This is no picture that can be read")).to_be_visible()
    # A photograph of any size: the browser makes it smaller.
    assert photo.stat().st_size > 1_000_000
    await chooser.set_input_files(photo)
    remove = page.get_by_role("button", name="Remove the picture")
    await expect(remove).to_be_visible()
    await expect(page.get_by_text("This is no picture that can be read")).to_have_count(0)
    await loaded(page)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name="Painter")).to_be_visible()
    await loaded(page)
    await chatting.answered("Paint [[say 3 words]]")
    await expect(chatting.answer).to_contain_text("Painter ·")
    for _ in range(2):
        await expect(chatting.answer.locator("img")).to_be_visible()
        await expect(
            page.get_by_role("button", name="Agent: Painter").locator("img")
        ).to_be_visible()
        await loaded(page)
        await page.reload()
    await page.goto(chatting.url + routes.AGENTS)
    card = page.get_by_test_id("agent").filter(has_text="Painter")
    await expect(card.locator("img")).to_be_visible()
    await loaded(page)
    await card.get_by_role("link", name="Edit Painter").click()
    await loaded(page)
    await remove.click()
    await expect(remove).to_be_hidden()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. It counts from the next question on.")).to_be_visible()
    await page.goto(chatting.url + routes.AGENTS)
    await expect(card).to_have_count(1)
    await expect(card.locator("img")).to_have_count(0)


async def test_only_who_is_signed_in_uploads_and_nobody_else_sees_it(
    chat_app: AppServer, rows: Rows
) -> None:
    def browser(person: Person | None, origin: str = chat_app.url) -> httpx.AsyncClient:
        cookie = {"Cookie": f"{SESSION}={person.token}"} if person else {}
        return httpx.AsyncClient(base_url=chat_app.url, headers={"Origin": origin, **cookie})

    ada, eve = await rows.person("Ada"), await rows.person("Eve")
    async with (
        browser(ada) as hers,
        browser(eve) as eves,
        browser(None) as nobodys,
        browser(ada, "https://evil.example") as foreign,
    ):
        made = await hers.post(routes.PICTURES, content=drawn())
        assert made.status_code == 201
        picture = routes.picture(made.json()["id"])
        shown = await hers.get(picture)
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/webp")
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert shown.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        for client, path in ((eves, picture), (nobodys, picture), (hers, routes.picture("x"))):
            assert (await client.get(path)).status_code == 404
        refused = {
            "foreign": await foreign.post(routes.PICTURES, content=drawn()),
            "nobody": await nobodys.post(routes.PICTURES, content=drawn()),
            "large": await hers.post(routes.PICTURES, content=b"x" * 1_000_001),
            "broken": await hers.post(routes.PICTURES, content=b"<svg/>"),
        }
        assert {name: each.status_code for name, each in refused.items()} == {
            "foreign": 403,
            "nobody": 401,
            "large": 413,
            "broken": 400,
        }
        assert all(each.json()["message"].endswith(".") for each in refused.values())
        for method in ("GET", "PUT", "DELETE"):
            assert (await hers.request(method, routes.PICTURES)).status_code == 405
