"""The whole way of a newcomer, on both backends, with answers of two providers."""

import re

import pytest
from playwright.async_api import Page, expect
from sqlmodel import select

from chatapp import routes
from chatapp.chats.models import Message
from tests.answers.world import words
from tests.browser.chatting import Chatting
from tests.browser.gate import Gate
from tests.browser.rows import Rows
from tests.conftest import StartApp
from tests.fakes import ProviderServer
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser

EMAIL, PASSWORD = "ada@example.org", "correct horse"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"


@pytest.fixture
async def app(
    start_app: StartApp, pool_env: dict[str, str], providers: ProviderServer
) -> AppServer:
    return await start_app(pool_env)


async def test_from_sign_up_to_sign_in_again(app: AppServer, page: Page, gate: Gate) -> None:
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
    async with gate.closed(" w10") as let_come:
        await chatting.box.fill("[[say 60 words]]")
        await chatting.send.click()
        asked = chatting.questions.get_by_role("paragraph")
        await expect(asked).to_have_text("[[say 60 words]]")
        await page.wait_for_url(re.compile(f"/c/{UUID}$"))
        answer = await chatting.streaming()
        for count in (10, 20, 30, 40, 50):
            let_come(f" w{count}")
            await expect(answer.locator(".reading")).to_have_text(words(count))
            await expect(answer).to_have_attribute("data-status", "streaming")
    await expect(answer).to_have_attribute("data-status", "done")
    await expect(answer).to_have_attribute("data-answer-id", re.compile(f"^{UUID}$"))
    await expect(answer.locator(".reading")).to_have_text(words(60))
    kept = select(Message.text).where(Message.role == "answer")
    await Rows(app.env).become(kept, [words(60)])
    await expect(page.get_by_role("button", name="Regenerate")).to_be_visible()
    await expect(chatting.log).to_be_visible()

    first_url, shown = page.url, await chatting.log.inner_text()
    await page.reload()
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    assert page.url == first_url
    await expect(chatting.log).to_have_text(shown, use_inner_text=True)

    await chatting.answered("And who are you?")
    await expect(chatting.answers.first).to_contain_text("Groq · llama-3.1-8b-instant · ")
    await expect(chatting.answer).to_contain_text("Gemini · gemini-2.5-flash · ")
    await expect(chatting.answer).to_contain_text("I am gemini-2.5-flash.")

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
    line = chatting.nav.get_by_role("link", name="[[say 60 words]]")
    await expect(line).to_have_attribute("aria-current", "page")


async def test_both_providers_answer_and_each_chat_has_its_address(
    chatting: Chatting, gate: Gate
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
    async with gate.closed(" w20"):
        await chatting.ask("[[say 40 words]]")
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
    await expect(chatting.answer.locator(".reading")).to_have_text(words(40))
