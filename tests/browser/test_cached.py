"""An answer from the cache says so under it, and a new one is one click away."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect
from redis.asyncio import Redis

from tests.answers.keeping import grow_old
from tests.browser.chatting import Chatting
from tests.browser.rows import Rows
from tests.fakes import ProviderServer
from tests.harness.app import AppServer, serving
from tests.harness.backends import Backend
from tests.harness.services import RedisServer

pytestmark = pytest.mark.browser

QUESTION = "What is a hash table?"


@pytest.fixture(scope="module")
def cache_url(redis_server: RedisServer) -> str:
    """A Redis for what is kept alone: it can be asked from outside."""
    return redis_server.url()


@pytest.fixture(scope="module")
async def _chat_app(
    embedded: Backend,
    built_pages: None,
    pool_env: dict[str, str],
    cache_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[AppServer]:
    folder = tmp_path_factory.mktemp("cached")
    on = {"CHATAPP_ANSWER_CACHE": "on", "CHATAPP_CACHE_REDIS_URL": cache_url}
    async with serving(embedded, folder, pool_env | on) as server:
        yield server


@pytest.fixture
async def kept(chat_app: AppServer, cache_url: str) -> AsyncIterator[Redis]:
    """What is kept; nothing at first."""
    async with Redis.from_url(cache_url) as client:
        await client.flushdb()
        yield client


@pytest.fixture
async def asked_before(
    kept: Redis,
    chatting: Chatting,
    rows: Rows,
    providers: ProviderServer,
    chat_app: AppServer,
    page: Page,
) -> Chatting:
    """Ada has asked it; now Eve is at the first page."""
    await providers.set(text="The first version.")
    await chatting.answered(QUESTION)
    await expect(chatting.answer.get_by_test_id("cached")).to_have_count(0)
    someone = await rows.person("Eve")
    await someone.sign_in(page.context, chat_app)
    await chatting.open()
    return chatting


async def test_the_mark_says_how_old_it_is_and_refresh_asks_anew(
    asked_before: Chatting, kept: Redis, providers: ProviderServer
) -> None:
    chatting = asked_before
    await grow_old(20 * 60, kept)
    await chatting.answered(QUESTION)
    await expect(chatting.answer.locator(".reading")).to_have_text("The first version.")
    mark = chatting.answer.get_by_test_id("cached")
    await expect(mark).to_have_text("from cache, 20 min ago")
    assert len(await providers.requests()) == 1
    await chatting.page.reload()
    await expect(mark).to_have_text("from cache, 20 min ago")
    await providers.set(text="The second version.")
    refresh = chatting.answer.get_by_role("button", name="Refresh")
    await refresh.focus()
    await refresh.press("Enter")
    await expect(chatting.answer.locator(".reading")).to_have_text("The second version.")
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(mark).to_have_count(0)
    await expect(refresh).to_have_count(0)
    assert len(await providers.requests()) == 2


async def test_an_old_one_says_that_no_model_could_be_reached(
    asked_before: Chatting, kept: Redis, providers: ProviderServer
) -> None:
    chatting = asked_before
    await grow_old(3 * 24 * 3600, kept)
    await providers.set(fault={"kind": "http_500"})
    await chatting.answered(QUESTION)
    await expect(chatting.answer.locator(".reading")).to_have_text("The first version.")
    mark = chatting.answer.get_by_test_id("cached")
    await expect(mark).to_have_text("from cache, 3 days old: no model could be reached")
    await expect(chatting.answer.get_by_role("alert")).to_have_count(0)
    await expect(chatting.answer.get_by_role("button", name="Refresh")).to_be_visible()


async def test_the_mark_and_its_button_stay_within_the_column(
    asked_before: Chatting, kept: Redis, providers: ProviderServer
) -> None:
    chatting, page = asked_before, asked_before.page
    await grow_old(3 * 24 * 3600, kept)
    await providers.set(fault={"kind": "http_500"})
    await chatting.answered(QUESTION)
    answer = chatting.answer
    for width in (1280, 360):
        await page.set_viewport_size({"width": width, "height": 800})
        await expect(answer.get_by_role("button", name="Refresh")).to_be_visible()
        wide = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        assert await page.evaluate(wide)
        parts = await answer.get_by_role("button").all()
        for part in [answer.get_by_test_id("cached"), *parts]:
            box = await part.bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
