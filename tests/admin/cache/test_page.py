"""The page about the cache: who may be given an answer again, what that saves, and its end."""

import re

import pytest
from playwright.async_api import Page, expect
from sqlmodel import select

from chatapp import routes
from chatapp.audit.models import AuditNote
from chatapp.controls.models import ControlValue
from tests.browser.chatting import Chatting
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser

QUESTION = "Which bird of the whole wide world sings the longest of all songs?"


async def policy(rows: Rows) -> list[object]:
    return await rows.all(select(ControlValue.value).where(ControlValue.name == "answers.cache"))


async def test_what_was_saved_is_shown_without_a_word_and_can_be_forgotten(
    app: AppServer, admin: Person, page: Page, rows: Rows
) -> None:
    chatting = Chatting(page, app.url)
    for _ in range(2):
        await chatting.open()
        await chatting.answered(QUESTION, count=1)
    await expect(chatting.answer.get_by_test_id("cached")).to_be_visible()
    await page.goto(app.url + routes.ADMIN_CACHE)
    best = page.get_by_role("table", name="Answers that saved most").get_by_role("row")
    ours = best.filter(has_text="Everybody’s")
    await expect(ours.first).to_have_text(re.compile(r"^[0-9a-f]{8}Everybody’sDemo.*1\d+$"))
    await expect(page.get_by_text("of 2 questions").first).to_be_visible()
    assert "bird" not in await page.content()
    await page.get_by_role("button", name="Forget everybody’s answers").click()
    await expect(page.get_by_role("alertdialog")).to_contain_text("This cannot be undone.")
    await page.get_by_role("button", name="Leave it").click()
    await expect(ours.first).to_be_visible()
    await page.get_by_role("button", name="Forget everybody’s answers").click()
    await page.get_by_role("button", name="Forget them").click()
    await expect(page.get_by_text("answer was forgotten.")).to_be_visible()
    await expect(ours).to_have_count(0)
    noted = select(AuditNote.subject).where(AuditNote.action == "cache.cleared")
    assert await rows.all(noted.where(AuditNote.by == admin.id)) == ["cache:shared"]
    await chatting.open()
    await chatting.answered(QUESTION, count=1)
    await expect(chatting.answer.get_by_test_id("cached")).to_have_count(0)


async def test_admins_say_who_may_be_given_an_answer_again(
    app: AppServer, admin: Person, page: Page, rows: Rows
) -> None:
    await page.goto(app.url + routes.ADMIN_CACHE)
    await expect(page.get_by_role("radio", name="Everybody")).to_be_checked()
    await page.get_by_role("radio", name="Nobody").check()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. It holds at once.")).to_be_visible()
    assert await policy(rows) == ["off"]
    await page.reload()
    await expect(page.get_by_role("radio", name="Nobody")).to_be_checked()
    await page.get_by_role("radio", name="Everybody").check()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. It holds at once.")).to_be_visible()
    assert await policy(rows) == ["shared"]
