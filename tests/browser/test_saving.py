"""Quota that runs low: people are told at the composer what is saved, and who answers changes."""

from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.browser.chatting import Chatting
from tests.browser.rows import Rows
from tests.conftest import StartApp
from tests.fakes import ProviderServer
from tests.harness.backends import execute

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("backend", ["embedded"], indirect=True),
]

SMALL, LARGE = "gemini-small", "gemini-large"
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
    app = await start_app({"CHATAPP_POOL": str(file), "GOOGLE_API_KEY": "AIza-test"})
    await execute(
        app.env,
        "INSERT INTO control_values (name, value, changed_at) VALUES ('limits.degradation', "
        "'{\"shorter_context\": 96, \"small_model\": 86}', '2026-01-01 00:00:00+00')",
    )
    await app.stop()
    await app.start()
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


async def test_what_is_saved_is_told_and_a_smaller_model_answers_in_the_end(
    chatting: Chatting, providers: ProviderServer
) -> None:
    saving = chatting.page.get_by_text("To make the rest of the day’s quota last")
    await expect(saving).to_have_count(0)
    await chatting.page.get_by_label("Models").select_option("Smart")
    await chatting.answered("The first [[say 3 words]]", count=1)
    line = await shown(chatting, "models are given less of long chats.")
    await expect(line).to_contain_text("It comes back")
    await chatting.answered("The second [[say 3 words]]")
    await chatting.answered("The third [[say 3 words]]")
    await shown(chatting, "a smaller model answers.")
    await chatting.answered("The fourth [[say 3 words]]")
    asked = [request["model"] for request in await providers.requests()]
    assert (asked[0], asked[-1]) == (LARGE, SMALL)
