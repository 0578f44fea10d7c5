"""What is left of one's limits: the usage section, the line when little is left, the exact time."""

import re

import pytest
from playwright.async_api import Browser, BrowserContext, expect
from sqlmodel import select

from chatapp import routes
from chatapp.chats.models import Message
from chatapp.limits.periods import day_of
from chatapp.limits.words import moment
from tests.browser.chatting import Chatting
from tests.browser.controls import set_controls
from tests.browser.rows import Rows
from tests.conftest import StartApp
from tests.harness.backends import execute

pytestmark = pytest.mark.browser

ZONE = "Asia/Tokyo"


@pytest.fixture
async def limited(
    start_app: StartApp, pool_env: dict[str, str], browser: Browser
) -> "tuple[Chatting, BrowserContext]":
    app = await start_app(pool_env)
    allowed = {"limits.questions_a_day": 5, "limits.tokens_a_month": 1_000_000}
    await set_controls(app, allowed | {"answers.history_tokens": 50})
    someone = await Rows(app.env).person()
    context = await browser.new_context(timezone_id=ZONE, reduced_motion="reduce")
    await someone.sign_in(context, app)
    chatting = Chatting(await context.new_page(), app.url)
    await chatting.open()
    return chatting, context


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_what_is_left_is_told_in_time(
    limited: "tuple[Chatting, BrowserContext]",
) -> None:
    chatting, context = limited
    page = chatting.page
    line = page.get_by_text("questions left today")
    for number in range(3):
        await chatting.answered(f"Question {number} [[say 3 words]]")
    await expect(line).to_have_count(0)
    await chatting.answered("The fourth [[say 3 words]]")
    when = moment(day_of().ends, ZONE)
    await expect(line).to_have_text(f"You have 1 of 5 questions left today. All come back {when}.")
    await chatting.answered("The fifth [[say 3 words]]")
    shortened = chatting.answer.get_by_text("Earlier messages are left out")
    await expect(shortened).to_be_visible()
    await expect(chatting.answers.first).not_to_contain_text("Earlier messages")
    await expect(line).to_contain_text("You have 0 of 5 questions left today.")
    await chatting.ask("One too many, with a long text that nobody wants to type again")
    await expect(page.get_by_role("alert")).to_have_text(
        f"You have asked all 5 questions of today. You can ask again {when}."
    )
    await expect(chatting.box).to_have_value(re.compile("One too many"))
    await expect(chatting.answers).to_have_count(5)
    await page.reload()
    await expect(shortened).to_be_visible()
    await expect(line).to_contain_text("You have 0 of 5 questions left today.")
    await expect(chatting.box).to_have_value(re.compile("One too many"))
    await page.goto(chatting.url + routes.SETTINGS)
    usage = page.locator("#usage")
    bar = usage.get_by_role("progressbar", name="Questions today")
    await expect(bar).to_have_attribute("aria-valuenow", "100")
    await expect(usage).to_contain_text("5 of 5")
    await expect(usage).to_contain_text(f"Begins anew {when}")
    await expect(usage.get_by_role("progressbar", name="Tokens this month")).to_be_visible()
    await expect(usage).to_contain_text("No limit")
    await expect(usage).to_contain_text("deleting chats gives nothing back")
    await context.close()


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_what_was_refused_twice_is_not_asked_later_by_itself(
    start_app: StartApp, pool_env: dict[str, str], context: BrowserContext
) -> None:
    app = await start_app(pool_env)
    await set_controls(app, {"limits.questions_a_day": 1})
    rows = Rows(app.env)
    someone = await rows.person()
    await someone.sign_in(context, app)
    chatting = Chatting(await context.new_page(), app.url)
    await chatting.open()
    await chatting.answered("The only one of the day")
    refusal = chatting.page.get_by_role("alert")
    for _ in range(2):
        await chatting.ask("One too many")
        await expect(refusal).to_contain_text("You have asked")
        await chatting.page.get_by_role("button", name="Dismiss").click()
        await expect(refusal).to_have_count(0)
    await chatting.box.fill("")
    raised = "UPDATE control_values SET value = '9' WHERE name = 'limits.questions_a_day'"
    await execute(app.env, raised)
    lost = chatting.page.get_by_text("The connection was lost.")
    await app.stop()
    await expect(lost).to_be_visible(timeout=15_000)
    await app.start()
    await expect(lost).to_have_count(0, timeout=30_000)
    await chatting.answered("Asked in earnest")
    await expect(chatting.questions).to_have_count(2)
    asked = select(Message.text).where(Message.user_id == someone.id, Message.role == "question")
    assert sorted(await rows.all(asked)) == ["Asked in earnest", "The only one of the day"]
