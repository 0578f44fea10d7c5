"""Reading a chat: long ones, growing ones, and ones that are not there."""

import re
from typing import Literal

import pytest
from playwright.async_api import expect

from chatapp.chats.service import PAGE
from tests.browser.chatting import Chatting
from tests.browser.gate import Gate
from tests.browser.rows import Person, Rows
from tests.fakes import ProviderServer

pytestmark = pytest.mark.browser

LONG = "\n\n".join(
    f"Paragraph {n}. " + "Some words that fill a line or two. " * 4 for n in range(20)
)

FIRST = """() => {
  window.read = document.querySelector("[role=log] article");
  return window.read.getBoundingClientRect().top;
}"""
"""Where the first message is; it is remembered."""


RESTS = """async () => {
  const view = document.querySelector(".overscroll-contain");
  for (let top = -1, same = 0; same < 10; same = view.scrollTop === top ? same + 1 : 0) {
    top = view.scrollTop;
    await new Promise(requestAnimationFrame);
  }
}"""
"""Wait until nothing scrolls any more."""


def texts(count: int) -> list[str]:
    """Questions and answers of unlike heights."""
    return [
        f"Answer {n}. " + "It has some words. " * (n % 40) if n % 2 else f"Question {n}"
        for n in range(count)
    ]


async def test_a_long_chat_opens_at_its_end_and_goes_back_page_by_page(
    chatting: Chatting, rows: Rows, person: Person
) -> None:
    said = texts(1000)
    page = chatting.page
    articles = chatting.log.get_by_role("article")
    await chatting.open(await rows.chat(person, *said, title="A long chat"))
    await expect(articles).to_have_count(PAGE)
    await expect(articles.last).to_contain_text("Answer 999.")
    await expect(articles.last).to_be_in_viewport()
    # Only the conversation scrolls, never the page.
    assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    earlier = page.get_by_role("button", name="Show earlier messages")
    await chatting.scroller.hover()
    for shown in (2 * PAGE, 3 * PAGE):
        # As a reader does: one scroll by a script may be taken for the growing of the text.
        await page.mouse.wheel(0, -100_000)
        await expect(earlier).to_be_in_viewport()
        before = await page.evaluate(FIRST)
        await earlier.press("Enter")
        await expect(articles).to_have_count(shown)
        # What was being read has not moved, and it is the same: nothing was made anew.
        assert await page.evaluate("window.read.getBoundingClientRect().top") == pytest.approx(
            before, abs=1
        )
    found = [" ".join(text.split()) for text in await articles.all_inner_texts()]
    order = [int(re.findall(r"(?:Question|Answer) (\d+)", text)[0]) for text in found]
    assert order == list(range(1000 - 3 * PAGE, 1000))
    # A question asked now is answered below, and what was loaded stays.
    await chatting.ask("And now?")
    await expect(articles).to_have_count(3 * PAGE + 2)
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(chatting.answer).to_be_in_viewport()
    await expect(articles.first).to_contain_text(f"Question {1000 - 3 * PAGE}")


async def test_the_beginning_of_a_chat_has_nothing_before_it(
    chatting: Chatting, rows: Rows, person: Person
) -> None:
    await chatting.open(await rows.chat(person, *texts(PAGE + 4)))
    articles = chatting.log.get_by_role("article")
    await expect(articles).to_have_count(PAGE)
    earlier = chatting.page.get_by_role("button", name="Show earlier messages")
    await earlier.click()
    await expect(articles).to_have_count(PAGE + 4)
    await expect(earlier).to_have_count(0)
    await expect(articles.first).to_contain_text("Question 0")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
async def test_the_view_follows_until_the_reader_scrolls_up(
    chatting: Chatting,
    providers: ProviderServer,
    gate: Gate,
    motion: Literal["reduce", "no-preference"],
) -> None:
    page = chatting.page
    await page.emulate_media(reduced_motion=motion)
    await page.reload()
    await chatting.alive()
    jump = page.get_by_role("button", name="Jump to latest")
    await providers.set(text=LONG, tokens_per_second=150)
    async with gate.closed(" 12.") as let_come:
        await chatting.ask("Tell me a lot")
        await chatting.streaming()
        await expect(chatting.answer).to_contain_text("Paragraph 11.")
        await page.wait_for_function(
            """() => {
              const view = document.querySelector(".overscroll-contain");
              return view.scrollTop > 100
                && view.scrollHeight - view.scrollTop - view.clientHeight < 80;
            }"""
        )
        await expect(jump).to_be_hidden()
        # Scrolled up, nothing moves whatever comes.
        await chatting.log.hover()
        await page.mouse.wheel(0, -300)
        await expect(jump).to_be_visible()
        await page.evaluate(RESTS)
        stays = await chatting.scroll()
        let_come(" 17.")
        await expect(chatting.answer).to_contain_text("Paragraph 16.")
        await page.evaluate(RESTS)
        later = await chatting.scroll()
        assert later["height"] > stays["height"]
        assert later["top"] == stays["top"]
    await jump.click()
    await expect(jump).to_be_hidden()
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await page.wait_for_function(
        """() => {
          const view = document.querySelector(".overscroll-contain");
          return view.scrollHeight - view.scrollTop - view.clientHeight < 80;
        }"""
    )
    await expect(page.get_by_role("button", name="Regenerate")).to_be_in_viewport()


async def test_the_end_stays_in_sight_when_the_box_grows_and_shrinks(
    chatting: Chatting, providers: ProviderServer
) -> None:
    jump = chatting.page.get_by_role("button", name="Jump to latest")
    await providers.set(text=LONG)
    await chatting.answered("Tell me a lot")
    regenerate = chatting.answer.get_by_role("button", name="Regenerate")
    await expect(regenerate).to_be_in_viewport()
    await chatting.box.fill("\n".join(f"line {n}" for n in range(12)))
    await expect(regenerate).to_be_in_viewport()
    await expect(jump).to_be_hidden()
    # Sent, the box shrinks; the answer is followed all the same.
    await chatting.answered("\n".join(f"line {n}" for n in range(12)))
    await expect(regenerate).to_be_in_viewport()
    await expect(jump).to_be_hidden()


async def test_a_question_brings_the_reader_back_to_the_end(
    chatting: Chatting, providers: ProviderServer, rows: Rows, person: Person
) -> None:
    await chatting.open(await rows.chat(person, *texts(20)))
    await expect(chatting.answers).to_have_count(10)
    await chatting.log.hover()
    await chatting.page.mouse.wheel(0, -2000)
    await expect(chatting.page.get_by_role("button", name="Jump to latest")).to_be_visible()
    await chatting.answered("A new question", count=11)
    await expect(chatting.answer).to_be_in_viewport()


@pytest.mark.parametrize("address", ["0190aaaa-bbbb-7ccc-8ddd-eeeeffff0000", "another's"])
async def test_a_chat_that_is_not_there_says_so(
    chatting: Chatting, rows: Rows, address: str
) -> None:
    if address == "another's":
        address = str(await rows.chat(await rows.person(), "Secret", "Very secret"))
    await chatting.page.goto(f"{chatting.url}/c/{address}")
    await expect(
        chatting.page.get_by_role("heading", name="This chat is not there")
    ).to_be_visible()
    await expect(chatting.page.locator("body")).not_to_contain_text("ecret")
    await chatting.ask("Is anybody there?")
    await expect(chatting.page.get_by_role("alert")).to_have_text("This chat is no longer there.")
    await expect(chatting.box).to_have_value("Is anybody there?")
