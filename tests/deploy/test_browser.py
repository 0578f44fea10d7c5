"""What a person sees in a real browser, through nginx, when the process behind the page goes."""

import os
import signal

import pytest
from playwright.async_api import BrowserContext, expect
from sqlalchemy import text

from tests.answers.world import words
from tests.browser.chatting import Chatting
from tests.deploy.test_serving import eventually, eventually_ready, question
from tests.faults.people import Person
from tests.harness.backends import connected
from tests.harness.up import Up

pytestmark = pytest.mark.browser

WATCH = """
    window.loadedOnce = true;
    window.said = [];
    new MutationObserver(() => {
        for (const each of document.querySelectorAll('[role=status], [role=alert]')) {
            const text = each.textContent;
            if (/lost|trying again|cannot be reached|delay/.test(text)) window.said.push(text);
        }
    }).observe(document.documentElement, {childList: true, subtree: true, characterData: true});
"""
"""Notes whatever the page says of its connection, as long as it is not loaded again."""

LATE = 90_000
"""Milliseconds after which an answer that has not ended never will."""


async def signed_in(context: BrowserContext, up: Up) -> None:
    """Let a browser's profile be a new person's."""
    person = await Person.sign_up(up)
    name, _, value = person.cookie.partition("=")
    await context.add_cookies([{"name": name, "value": value, "url": up.url}])


async def asked(context: BrowserContext, up: Up, count: int) -> Chatting:
    """A page in which an answer of so many words is under way."""
    chatting = Chatting(await context.new_page(), up.url)
    await chatting.open()
    await chatting.page.evaluate(WATCH)
    await chatting.ask(question(count))
    await chatting.streaming()
    return chatting


async def shows(chatting: Chatting, count: int) -> None:
    """The answer comes to its end, whole, on the page that was loaded once."""
    await expect(chatting.answer).to_have_attribute("data-status", "done", timeout=LATE)
    await expect(chatting.answers).to_have_count(1)
    read = await chatting.answer.locator(".reading").inner_text()
    assert read.split() == words(count).split()
    assert await chatting.page.evaluate("window.loadedOnce")


async def taken_over(up: Up) -> int:
    """How many answers more than one process has made."""
    async with connected(up.database) as connection:
        rows = await connection.execute(text("SELECT count(*) FROM answers WHERE epoch > 1"))
        return rows.scalar_one()


async def test_an_answer_goes_on_by_itself_when_its_process_is_killed(
    up: Up, context: BrowserContext
) -> None:
    await signed_in(context, up)
    # Of two pages, each is at another backend: new ones go to where fewer are.
    pages = [await asked(context, up, count) for count in (600, 601)]
    before, killed = await taken_over(up), up.pid("backend-1")
    os.kill(killed, signal.SIGKILL)
    for chatting, count in zip(pages, (600, 601), strict=True):
        await shows(chatting, count)
    assert await taken_over(up) > before
    await eventually(lambda: up.pid("backend-1") not in (0, killed))
    await eventually_ready(up)


async def test_a_rolling_restart_is_not_to_be_seen(up: Up, context: BrowserContext) -> None:
    await signed_in(context, up)
    pages = [await asked(context, up, count) for count in (602, 603)]
    await up.restart()
    for chatting, count in zip(pages, (602, 603), strict=True):
        await shows(chatting, count)
        assert await chatting.page.evaluate("window.said") == []
        await chatting.answered("[[say 3 words]]")
        assert await chatting.page.evaluate("window.said") == []
