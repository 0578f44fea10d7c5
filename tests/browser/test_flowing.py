"""Words that flow while the page is loaded anew: the text only grows, and ends whole."""

import pytest
from playwright.async_api import expect

from tests.answers.world import words
from tests.browser.chatting import Chatting
from tests.browser.gate import Gate
from tests.browser.watching import noted, watch

pytestmark = pytest.mark.browser


async def test_reloads_while_words_flow_lose_repeat_and_take_back_none(
    chatting: Chatting, gate: Gate
) -> None:
    page, reading = chatting.page, chatting.answer.locator(".reading")
    await watch(page, "[data-testid=answer] .reading")
    await chatting.open()
    shown: list[str] = []
    async with gate.closed(" w40") as let_come:
        await chatting.ask("[[say 360 words at 40/s]]")
        await expect(reading).to_have_text(words(40))
        for until in (160, 280):
            let_come(f" w{until}")
            shown += await noted(page)
            # What comes within these three seconds comes while the page is away and coming back.
            await page.reload()
            await expect(reading).to_have_text(words(until))
            await expect(chatting.answer).to_have_attribute("data-status", "streaming")
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(reading).to_have_text(words(360))
    shown += await noted(page)
    assert [text for text in shown if not words(360).startswith(text)] == []
    assert [len(text) for text in shown if text] == sorted(len(text) for text in shown if text)
