"""Versions of questions and answers in a browser: made, changed over, found again."""

import re

import pytest
from playwright.async_api import Browser, Locator, expect
from sqlmodel import col, select

from chatapp.chats.models import Message
from tests.browser.chatting import Chatting
from tests.browser.rows import Person, Rows
from tests.browser.test_phone import PHONE, overflow
from tests.fakes import ProviderServer
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser

PART = "One two three"
STALLS = {"text": f"{PART} four five", "fault": {"kind": "stall_after", "after": 3}}
LONG = "\n\n".join(f"Paragraph {n} of a long answer, which says little." for n in range(40))


def step(message: Locator, name: str) -> Locator:
    return message.get_by_role("button", name=f"{name} version")


async def said(rows: Rows, person: Person) -> list[str]:
    """All questions of a person, oldest first."""
    query = select(Message.text).where(Message.user_id == person.id, Message.role == "question")
    return await rows.all(query.order_by(col(Message.created_at)))


async def other_tab(chatting: Chatting) -> Chatting:
    """Another tab with the same chat."""
    other = Chatting(await chatting.page.context.new_page(), chatting.url)
    await other.page.goto(chatting.page.url)
    await expect(other.answer).to_have_attribute("data-status", "done")
    return other


async def test_one_changes_between_versions_by_mouse_and_keys_in_all_tabs(
    chatting: Chatting, providers: ProviderServer, rows: Rows, person: Person
) -> None:
    page, answer = chatting.page, chatting.answer
    await chatting.answered("A question")
    await providers.set(text="The second version.")
    regenerate = answer.get_by_role("button", name="Regenerate")
    # Before anything can have come back; and one more as if the answer to the first were lost.
    await regenerate.evaluate("(button) => { button.click(); button.click(); button.click(); }")
    await expect(answer.locator(".reading")).to_have_text("The second version.")
    await expect(answer).to_have_attribute("data-status", "done")
    group = answer.get_by_role("group", name="Version 2 of 2")
    await expect(group).to_have_text(re.compile("2/2"))
    await expect(step(answer, "Next")).to_be_disabled()
    other = await other_tab(chatting)
    await step(answer, "Previous").focus()
    await page.keyboard.press("Enter")
    for tab in (chatting, other):
        await expect(tab.answer.get_by_role("group", name="Version 1 of 2")).to_be_visible()
        await expect(tab.answer.locator(".reading")).not_to_have_text("The second version.")
        await expect(tab.answers).to_have_count(1)
    # The focus stays with the versions, on the way that is open.
    await expect(step(answer, "Next")).to_be_focused()
    await page.reload()
    await expect(answer.get_by_role("group", name="Version 1 of 2")).to_be_visible()
    await step(other.answer, "Next").click()
    await expect(answer.get_by_role("group", name="Version 2 of 2")).to_be_visible()
    await expect(answer.locator(".reading")).to_have_text("The second version.")


async def test_an_edited_question_is_another_version_and_nothing_jumps(
    chatting: Chatting, providers: ProviderServer, rows: Rows, person: Person
) -> None:
    page = chatting.page
    chat_id = await rows.chat(
        person, "The first", LONG, "The second", LONG, "The third", "And its answer"
    )
    await chatting.open(chat_id)
    other = await other_tab(chatting)
    asked = chatting.questions.nth(1)
    await asked.scroll_into_view_if_needed()
    await asked.get_by_role("button", name="Edit").click()
    box = asked.get_by_role("textbox", name="Edit your question")
    await expect(box).to_have_value("The second")
    await expect(box).to_be_focused()
    await box.fill("Thrown away")
    await box.press("Escape")
    await expect(box).to_be_hidden()
    await expect(asked.get_by_role("button", name="Edit")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(box).to_have_value("The second")
    await box.fill("The second,")
    await box.press("Shift+Enter")
    await box.press_sequentially("but better")
    # What is written is there again after a reload.
    await page.reload()
    await expect(chatting.questions).to_have_count(3)
    await asked.get_by_role("button", name="Edit").click()
    await expect(box).to_have_value("The second,\nbut better")
    await providers.set(text="A better answer.")
    await page.evaluate(
        """() => {
          const box = document.querySelector("[data-editing] textarea");
          for (let n = 0; n < 3; n++) box.form.requestSubmit();
        }"""
    )
    for tab in (chatting, other):
        await expect(tab.questions).to_have_count(2)
        await expect(tab.questions.nth(1)).to_contain_text("The second,\nbut better")
        await expect(tab.answer.locator(".reading")).to_have_text("A better answer.")
        await expect(tab.answer).to_have_attribute("data-status", "done")
    assert await said(rows, person) == [
        "The first",
        "The second",
        "The third",
        "The second,\nbut better",
    ]
    await expect(chatting.box).to_be_focused()
    # Back to the old version with all that follows it; what is read stays where it is.
    await expect(asked.get_by_role("group", name="Version 2 of 2")).to_be_visible()
    for way, count in (("Previous", 3), ("Next", 2), ("Previous", 3)):
        await step(asked, way).hover()
        before = await asked.bounding_box()
        await step(asked, way).click()
        await expect(chatting.questions).to_have_count(count)
        await expect(other.questions).to_have_count(count)
        after = await asked.bounding_box()
        assert before
        assert after
        if count == 3:
            assert abs(before["y"] - after["y"]) < 2
            await expect(asked.get_by_role("button", name="Next version")).to_be_focused()
    await page.reload()
    await expect(chatting.questions).to_have_count(3)
    await expect(chatting.questions.last).to_contain_text("The third")


async def test_editing_while_an_answer_comes_keeps_its_part_and_the_queue_waits(
    chatting: Chatting, providers: ProviderServer, rows: Rows, person: Person
) -> None:
    await providers.set(**STALLS)
    await chatting.ask("The first")
    await expect(chatting.answer.locator(".reading")).to_have_text(PART)
    await chatting.ask("What waits")
    waiting = chatting.page.locator("[data-queue-text]")
    await expect(waiting).to_have_text("What waits")
    await providers.reset()
    # With nothing in the box, the key upwards edits the last question.
    await chatting.box.press("ArrowUp")
    box = chatting.page.get_by_role("textbox", name="Edit your question")
    await box.fill("The first, but better")
    await box.press("Control+Enter")
    await expect(chatting.questions).to_have_count(2)
    await expect(chatting.questions.first).to_contain_text("The first, but better")
    await expect(chatting.questions.last).to_contain_text("What waits")
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(waiting).to_be_hidden()
    await step(chatting.questions.first, "Previous").click()
    await expect(chatting.questions).to_have_count(1)
    await expect(chatting.answer.locator(".reading")).to_have_text(PART)
    await expect(chatting.answer).to_have_attribute("data-status", "stopped")
    assert await said(rows, person) == ["The first", "The first, but better", "What waits"]


async def test_on_a_phone_all_of_it_is_reached_by_touch_and_fits(
    chat_app: AppServer, browser: Browser, rows: Rows, providers: ProviderServer
) -> None:
    someone = await rows.person("Ada")
    context = await browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)  # pyright: ignore[reportArgumentType]
    await someone.sign_in(context, chat_app)
    phone = Chatting(await context.new_page(), chat_app.url)
    await phone.open(await rows.chat(someone, "A question " + "q" * 200, "Its answer"))
    asked = phone.questions.first
    edit = asked.get_by_role("button", name="Edit")
    assert await edit.evaluate("(each) => getComputedStyle(each).opacity") == "1"
    await edit.tap()
    box = asked.get_by_role("textbox", name="Edit your question")
    await expect(box).to_be_in_viewport()
    assert await overflow(phone.page) == []
    await asked.get_by_role("button", name="Cancel").tap()
    await expect(box).to_be_hidden()
    await edit.tap()
    await box.fill("Asked in another way")
    await asked.get_by_role("button", name="Send").tap()
    await expect(asked.get_by_role("group", name="Version 2 of 2")).to_be_visible()
    await expect(phone.answer).to_have_attribute("data-status", "done")
    await phone.answer.get_by_role("button", name="Regenerate").tap()
    await expect(phone.answer.get_by_role("group", name="Version 2 of 2")).to_be_visible()
    await expect(phone.answer).to_have_attribute("data-status", "done")
    assert await overflow(phone.page) == []
    await step(asked, "Previous").tap()
    await expect(asked).to_contain_text("A question")
    await expect(phone.answer.locator(".reading")).to_have_text("Its answer")
    assert await said(rows, someone) == ["A question " + "q" * 200, "Asked in another way"]
    await context.close()
