"""The chat page as a person uses it, by the names that it promises to keep."""

import re
from typing import Any
from uuid import UUID

from playwright.async_api import Locator, Page, expect

from chatapp import routes

FINAL = re.compile("done|stopped|failed")


class Chatting:
    """One tab with the chat page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.box = page.get_by_role("textbox", name="Message")
        self.send = page.get_by_role("button", name="Send", exact=True)
        self.stop = page.get_by_role("button", name="Stop", exact=True)
        self.log = page.get_by_role("log", name="Conversation")
        self.nav = page.get_by_role("navigation", name="Chats")
        self.answers = page.get_by_test_id("answer")
        self.questions = page.get_by_test_id("question")
        self.scroller = page.locator(".overscroll-contain")
        """What scrolls the conversation."""

    @property
    def answer(self) -> Locator:
        """The last answer."""
        return self.answers.last

    async def open(self, chat_id: UUID | None = None) -> None:
        """Load the page, and wait until it is alive."""
        await self.page.goto(self.url + (routes.chat(chat_id) if chat_id else routes.HOME))
        await self.alive()

    async def alive(self) -> None:
        """Wait until the list of chats has come from the server."""
        await self.page.wait_for_function(
            "() => document.querySelector('#sidebar') && !document.querySelector('#sidebar .pulse')"
        )

    async def ask(self, text: str) -> None:
        """Type a question and send it."""
        await self.box.fill(text)
        await self.box.press("Enter")

    async def answered(self, text: str, status: str = "done", count: int | None = None) -> Locator:
        """Ask, and wait until the answer has ended."""
        before = await self.answers.count()
        await self.ask(text)
        await expect(self.answers).to_have_count(before + 1 if count is None else count)
        await expect(self.answer).to_have_attribute("data-status", status)
        return self.answer

    async def streaming(self) -> Locator:
        """The last answer, once words of it are there and more will come."""
        await expect(self.answer).to_have_attribute("data-status", "streaming")
        await expect(self.answer.locator(".reading")).not_to_be_empty()
        return self.answer

    async def scroll(self) -> dict[str, Any]:
        """Where the conversation is scrolled to."""
        return await self.scroller.evaluate(
            "(el) => ({top: el.scrollTop, height: el.scrollHeight, view: el.clientHeight, "
            "left: el.scrollHeight - el.scrollTop - el.clientHeight})"
        )
