"""The whole way of a newcomer, on both backends, with answers of two providers."""

import re

import pytest
from playwright.async_api import Page, expect
from sqlmodel import col, select

from chatapp import routes
from chatapp.chats.models import Message
from tests.browser.chatting import Chatting
from tests.browser.rows import Rows
from tests.conftest import StartApp
from tests.fakes import ProviderServer
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser

EMAIL, PASSWORD = "ada@example.org", "correct horse"
FIRST = "".join(f"{' ' if n else ''}w{n}" for n in range(60))
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"


@pytest.fixture
async def app(
    start_app: StartApp, pool_env: dict[str, str], providers: ProviderServer
) -> AppServer:
    return await start_app(pool_env)


async def words(page: Page, at: int) -> str:
    return await page.get_by_test_id("answer").nth(at).locator(".reading").inner_text()


async def test_from_sign_up_to_sign_in_again(app: AppServer, page: Page) -> None:
    chatting = Chatting(page, app.url)
    await page.goto(app.url + routes.SIGNUP)
    await expect(page.get_by_text("Nobody has an account here yet.")).to_be_visible()
    await page.get_by_role("textbox", name="Email", exact=True).fill(EMAIL)
    await page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign up", exact=True).click()
    await page.wait_for_url(app.url + routes.HOME)
    await expect(chatting.nav).to_be_visible()
    await expect(chatting.nav.get_by_text("Your chats will be listed here.")).to_be_visible()
    await expect(page.get_by_role("button", name="New chat")).to_be_visible()

    # The question shows at once, the answer grows, and says that it does.
    await chatting.box.fill("[[say 60 words at 40/s]]")
    await chatting.send.click()
    asked = chatting.questions.get_by_role("paragraph")
    await expect(asked).to_have_text("[[say 60 words at 40/s]]")
    await page.wait_for_url(re.compile(f"/c/{UUID}$"))
    answer = await chatting.streaming()
    lengths = await answer.evaluate(
        """async (answer) => {
          const lengths = new Set();
          while (answer.dataset.status === "streaming") {
            lengths.add(answer.querySelector(".reading").innerText.length);
            await new Promise(requestAnimationFrame);
          }
          return [...lengths];
        }"""
    )
    assert len(lengths) >= 5
    assert lengths == sorted(lengths)
    await expect(answer).to_have_attribute("data-status", "done")
    await expect(answer).to_have_attribute("data-answer-id", re.compile(f"^{UUID}$"))
    assert await words(page, 0) == FIRST
    [kept] = await Rows(app.env).all(select(Message.text).where(Message.role == "answer"))
    assert kept == FIRST
    await expect(page.get_by_role("button", name="Regenerate")).to_be_visible()
    await expect(chatting.log).to_be_visible()

    first_url, shown = page.url, await chatting.log.inner_text()
    await page.reload()
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    assert page.url == first_url
    assert await chatting.log.inner_text() == shown

    await chatting.answered("And who are you?")
    by = [await each.inner_text() for each in await page.get_by_test_id("answer").all()]
    assert "Groq · llama-3.1-8b-instant · " in by[0]
    assert "Gemini · gemini-2.5-flash · " in by[1]
    assert "I am gemini-2.5-flash." in by[1]

    await page.goto(app.url + routes.SETTINGS)
    await page.get_by_role("button", name="Sign out", exact=True).click()
    await page.wait_for_url(app.url + routes.LOGIN)
    await page.goto(first_url)
    await page.wait_for_url(f"{app.url}{routes.LOGIN}?next=/c/*")
    await page.get_by_role("textbox", name="Email", exact=True).fill(EMAIL)
    await page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.wait_for_url(first_url)
    await expect(chatting.answers).to_have_count(2)
    line = chatting.nav.get_by_role("link", name="[[say 60 words at 40/s]]")
    await expect(line).to_have_attribute("aria-current", "page")


async def test_both_providers_answer_and_each_chat_has_its_address(
    chatting: Chatting, rows: Rows
) -> None:
    page = chatting.page
    await chatting.answered("The first chat")
    first = page.url
    await expect(page).to_have_title(re.compile("chatapp"))
    await page.get_by_role("button", name="New chat").click()
    await page.wait_for_url(chatting.url + routes.HOME)
    await expect(chatting.answers).to_have_count(0)
    await chatting.answered("The second chat", count=1)
    second = page.url
    assert first != second
    await expect(chatting.questions).to_contain_text(["The second chat"])
    await page.go_back()
    await page.wait_for_url(chatting.url + routes.HOME)
    await expect(page.get_by_role("heading", name="What would you like to know?")).to_be_visible()
    await page.go_back()
    await page.wait_for_url(first)
    await expect(chatting.questions).to_contain_text(["The first chat"])
    await page.go_forward()
    await page.go_forward()
    await page.wait_for_url(second)
    await expect(chatting.questions).to_contain_text(["The second chat"])
    await chatting.nav.get_by_role("link", name="The first chat").click()
    await page.wait_for_url(first)
    await expect(chatting.questions).to_contain_text(["The first chat"])
    # An answer that comes while another chat is open goes to its own chat.
    await chatting.ask("[[say 40 words at 20/s]]")
    await chatting.streaming()
    await chatting.nav.get_by_role("link", name="The second chat").click()
    await page.wait_for_url(second)
    await expect(chatting.questions).to_contain_text(["The second chat"])
    await expect(chatting.answers).to_have_count(1)
    await expect(chatting.send).to_be_visible()
    await page.go_back()
    await page.wait_for_url(first)
    await expect(chatting.answers).to_have_count(2)
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    texts = await rows.all(select(Message.text).where(col(Message.text).contains("w39")))
    assert await words(page, 1) == texts[-1]
