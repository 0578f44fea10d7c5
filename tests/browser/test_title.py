"""The title of the tab: a dot says that an answer finished while nobody looked."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.chatting import Chatting
from tests.browser.gate import Gate
from tests.browser.rows import Person, Rows
from tests.fakes import ProviderServer

pytestmark = pytest.mark.browser

DOT = re.compile("^● ")


async def look(page: Page, *, away: bool) -> None:
    """Turn to another tab, or back to this one."""
    await page.evaluate(
        """(away) => {
          Object.defineProperty(document, "hidden", {configurable: true, value: away});
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        away,
    )


@pytest.mark.parametrize("status", ["done", "stopped", "failed"])
async def test_a_dot_says_that_an_answer_ended_while_the_tab_was_hidden(
    chatting: Chatting, providers: ProviderServer, gate: Gate, status: str
) -> None:
    page = chatting.page
    if status == "failed":
        await providers.set(text="w0 w1 w2 w3 w4", fault={"kind": "drop_after", "after": 4})
    async with gate.closed("w0") as let_come:
        await chatting.ask("[[say 5 words]]")
        await expect(chatting.answers).to_have_count(1)
        await look(page, away=True)
        let_come(" w2")
        await expect(chatting.answer.locator(".reading")).to_have_text("w0 w1")
        await expect(chatting.answer).to_have_attribute("data-status", "streaming")
        # It has begun, and that is no news yet.
        await expect(page).not_to_have_title(DOT)
        if status == "stopped":
            await chatting.stop.click()
            await expect(chatting.answer).to_have_attribute("data-status", status)
    await expect(chatting.answer).to_have_attribute("data-status", status)
    await expect(page).to_have_title(DOT)
    await look(page, away=False)
    await expect(page).not_to_have_title(DOT)
    await look(page, away=True)
    await expect(page).not_to_have_title(DOT)


async def test_what_ends_before_ones_eyes_has_no_dot(chatting: Chatting, gate: Gate) -> None:
    page = chatting.page
    async with gate.closed(" w2"):
        await chatting.ask("[[say 5 words]]")
        await chatting.streaming()
        await look(page, away=True)
        await look(page, away=False)
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(page).not_to_have_title(DOT)


async def test_the_answer_of_another_chat_has_a_dot_too(
    chatting: Chatting, gate: Gate, rows: Rows, person: Person
) -> None:
    page = chatting.page
    await rows.chat(person, "q", "a", title="Another chat")
    mark = chatting.nav.get_by_text("New answer")
    async with gate.closed(" w2"):
        await chatting.ask("[[say 5 words]]")
        await chatting.streaming()
        await chatting.open(await rows.chat(person, "q", "a", title="A third chat"))
        await expect(chatting.answers).to_have_count(1)
        await look(page, away=True)
        await expect(page).not_to_have_title(DOT)
    await expect(mark).to_have_count(1)
    await expect(page).to_have_title(DOT)
    await look(page, away=False)
    await expect(page).not_to_have_title(DOT)
    # The mark stays until the chat is opened; it is no news a second time.
    await look(page, away=True)
    await chatting.nav.get_by_role("link", name="Another chat").click()
    await expect(chatting.questions).to_contain_text(["q"])
    await expect(mark).to_have_count(1)
    await expect(page).not_to_have_title(DOT)
