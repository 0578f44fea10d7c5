"""Quota that runs low: people are told at the composer what is saved, and who answers changes."""

from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.browser.chatting import Chatting
from tests.browser.controls import set_controls
from tests.browser.rows import Rows
from tests.conftest import StartApp
from tests.fakes import ProviderServer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("backend", ["embedded"], indirect=True),
]

SMALL, LARGE, TINY = "gemini-small", "gemini-large", "gemini-tiny"
RELOADS = 20

POOL = """
[[account]]
name = "google"
provider = "google"
api_key_env = "GOOGLE_API_KEY"
base_url = "{url}"
[[member]]
tier = "fast"
account = "google"
model = "gemini-small"
rpd = 10
[[member]]
tier = "smart"
account = "google"
model = "gemini-large"
rpd = 10
[[member]]
tier = "known"
account = "google"
model = "gemini-known"
rpd = 2
[[member]]
tier = "tiny"
account = "google"
model = "gemini-tiny"
rpd = 1
"""


@pytest.fixture
async def chatting(
    start_app: StartApp,
    providers: ProviderServer,
    tmp_path: Path,
    context: BrowserContext,
    page: Page,
) -> Chatting:
    file = tmp_path / "pool.toml"
    file.write_text(POOL.format(url=providers.base_url("google")))
    env = {"CHATAPP_POOL": str(file), "GOOGLE_API_KEY": "AIza-test", "CHATAPP_ANSWER_CACHE": "on"}
    app = await start_app(env)
    steps = {"shorter_context": 96, "small_model": 86, "cache_only": 60}
    await set_controls(app, {"limits.degradation": steps})
    someone = await Rows(app.env).person()
    await someone.sign_in(context, app)
    chatting = Chatting(page, app.url)
    await chatting.open()
    return chatting


async def shown(chatting: Chatting, words: str) -> Locator:
    """The line, which a page has from its beginning when what is left was not just looked up."""
    line = chatting.page.get_by_role("status").get_by_text(words)
    for _ in range(RELOADS):
        await chatting.page.reload()
        await chatting.alive()
        if await line.count():
            break
    await expect(line).to_be_visible()
    return line


async def models(providers: ProviderServer) -> list[str]:
    return [request["model"] for request in await providers.requests()]


async def choose(chatting: Chatting, tier: str) -> None:
    await chatting.open()
    await chatting.page.get_by_label("Models").select_option(tier)


async def test_each_step_is_told_and_kept_to(chatting: Chatting, providers: ProviderServer) -> None:
    saving = chatting.page.get_by_text("To make the rest of the day’s quota last")
    await expect(saving).to_have_count(0)
    await choose(chatting, "Smart")
    await chatting.answered("The first [[say 3 words]]", count=1)
    line = await shown(chatting, "models are given less of long chats.")
    await expect(line).to_contain_text("It comes back")
    await chatting.answered("The second [[say 3 words]]")
    await chatting.answered("The third [[say 3 words]]")
    await shown(chatting, "a smaller model answers.")
    await chatting.answered("The fourth [[say 3 words]]")
    asked = await models(providers)
    assert (asked[0], asked[-1]) == (LARGE, SMALL)

    await choose(chatting, "Known")
    await chatting.answered("What is known? [[say 3 words]]", count=1)
    await shown(chatting, "only answers that are known already are given.")
    asked = await models(providers)
    await chatting.answered("What is new? [[say 3 words]]", status="failed")
    await expect(chatting.answer).to_contain_text("this is a new question")
    await choose(chatting, "Known")
    await chatting.answered("What is known? [[say 3 words]]", count=1)
    await expect(chatting.answer.get_by_test_id("cached")).to_be_visible()
    assert await models(providers) == asked

    await choose(chatting, "Tiny")
    await chatting.answered("The only one of today [[say 3 words]]", count=1)
    assert await models(providers) == [*asked, TINY]
    await shown(chatting, "The day’s quota is used up: questions wait in line.")
    await chatting.ask("One more [[say 3 words]]")
    await expect(chatting.answer).to_contain_text("You are next in line")
    await chatting.stop.click()
    await expect(chatting.answer).to_have_attribute("data-status", "stopped")
