"""Thumbs under an answer, in a browser."""

import pytest
from playwright.async_api import expect
from sqlmodel import select

from chatapp.answers.models import Answer
from tests.browser.chatting import Chatting
from tests.browser.rows import Person, Rows

pytestmark = pytest.mark.browser


async def test_one_says_what_one_thinks_of_an_answer_and_why(
    chatting: Chatting, rows: Rows, person: Person
) -> None:
    page, chat_id = chatting.page, await rows.chat(person, "A question", "Its answer")
    await chatting.open(chat_id)
    up = chatting.answer.get_by_role("button", name="Good answer")
    down = chatting.answer.get_by_role("button", name="Bad answer")
    await expect(up).to_have_attribute("aria-pressed", "false")
    await up.click()
    await expect(up).to_have_attribute("aria-pressed", "true")
    await down.focus()
    await page.keyboard.press("Enter")
    await expect(down).to_have_attribute("aria-pressed", "true")
    await expect(up).to_have_attribute("aria-pressed", "false")
    words = chatting.answer.get_by_label("What was wrong with it?")
    await words.fill("It is <b>not</b> so")
    await words.press("Enter")
    await expect(chatting.answer.get_by_text("Thank you.")).to_be_visible()
    await expect(words).to_have_count(0)
    said = select(Answer.thumb_words).where(Answer.chat_id == chat_id, Answer.thumb == -1)
    await rows.become(said, ["It is <b>not</b> so"])
    await page.reload()
    await expect(down).to_have_attribute("aria-pressed", "true")
    await down.click()
    await expect(down).to_have_attribute("aria-pressed", "false")


async def test_other_tabs_show_a_thumb_at_once(
    chatting: Chatting, rows: Rows, person: Person
) -> None:
    page, chat_id = chatting.page, await rows.chat(person, "A question", "Its answer")
    await chatting.open(chat_id)
    other = await page.context.new_page()
    await other.goto(page.url)
    here = chatting.answer.get_by_role("button", name="Good answer")
    there = other.get_by_role("button", name="Good answer")
    await expect(there).to_have_attribute("aria-pressed", "false")
    await here.click()
    await expect(there).to_have_attribute("aria-pressed", "true")
    # Why is asked where it was said only, and no more once it is taken back elsewhere.
    why = page.get_by_label("What was good?")
    await expect(why).to_be_visible()
    await expect(other.get_by_label("What was good?")).to_have_count(0)
    await there.click()
    await expect(here).to_have_attribute("aria-pressed", "false")
    await expect(why).to_have_count(0)
    await other.close()
