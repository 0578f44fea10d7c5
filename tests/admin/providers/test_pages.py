"""The page about providers in a browser."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect
from sqlmodel import select

from chatapp import routes
from chatapp.answers.models import Answer
from chatapp.chats.models import Message
from chatapp.database import now
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser


@pytest.fixture
def app(fresh_app: AppServer) -> AppServer:
    return fresh_app


ASKED = {
    "member": "groq/llama",
    "label": "Groq · llama",
    "outcome": "rate",
    "first_token_ms": None,
    "duration_ms": 84.2,
    "wait_ms": 0,
    "why": "was at its limit",
    "error": "RateLimitError 429",
}
ANSWERED = ASKED | {
    "label": "Gemini · flash",
    "outcome": "ok",
    "first_token_ms": 320.4,
    "duration_ms": 2150.0,
    "prompt_tokens": 1200,
    "completion_tokens": 340,
    "why": "",
    "error": "",
}


async def test_a_member_its_test_and_no_attempts_yet(
    app: AppServer, rows: Rows, admin: Person, page: Page
) -> None:
    await page.goto(app.url + routes.ADMIN)
    await page.get_by_role("navigation").get_by_role("link", name="Providers").click()
    await expect(page.get_by_role("heading", name="Providers", exact=True)).to_be_visible()
    demo = page.get_by_role("list", name="Providers").get_by_role("listitem").first
    await expect(demo).to_contain_text("Demo")
    await expect(demo).to_contain_text("Healthy")
    await expect(demo).to_contain_text("No limit is known.")
    await demo.get_by_role("button", name="Test now").click()
    await expect(demo.get_by_role("status")).to_contain_text("it answers")


async def test_the_last_attempts_say_what_came_of_them(
    app: AppServer, rows: Rows, admin: Person, page: Page
) -> None:
    await page.goto(app.url + routes.ADMIN_PROVIDERS)
    await expect(page.get_by_text("Nobody has asked yet.")).to_be_visible()
    chat_id = await rows.chat(admin, "Something private")
    [question] = await rows.all(select(Message.id).where(Message.chat_id == chat_id))
    answer = Answer(
        id=question,
        chat_id=chat_id,
        user_id=admin.id,
        attempts=[ASKED, ANSWERED],
        ended_at=now() + timedelta(seconds=1),
    )
    await rows.add([answer])
    attempts = page.get_by_role("list", name="Last attempts").get_by_role("listitem")
    await expect(attempts).to_have_count(2)
    await expect(attempts.first).to_contain_text("Groq · llama")
    await expect(attempts.first).to_contain_text("At its limit")
    await expect(attempts.first).to_contain_text("so Gemini · flash was asked.")
    await expect(attempts.last).to_contain_text("first words 320 ms · 2.1 s in all")
    await expect(attempts.last).to_contain_text("1,200 + 340 tokens")
    await expect(attempts.last).to_contain_text(re.compile(r"\d\d:\d\d:\d\d"))
    await expect(page.locator("body")).not_to_contain_text("private")
