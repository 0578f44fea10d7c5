"""The box in which one writes: nothing typed is lost, nothing is sent twice."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Page, Route, WebSocketRoute, expect
from sqlmodel import col, select

from chatapp import routes
from chatapp.answers.welcome import WELCOME
from chatapp.chats.models import Message
from tests.answers.world import words
from tests.browser.chatting import Chatting
from tests.browser.gate import Gate
from tests.browser.rows import Person, Rows
from tests.conftest import StartApp
from tests.fakes import ProviderServer
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser

STALLS = {"text": "One two three four", "fault": {"kind": "stall_after", "after": 3}}


async def questions_of(rows: Rows, person: Person) -> list[str]:
    query = select(Message.text).where(Message.user_id == person.id, Message.role == "question")
    return await rows.all(query.order_by(col(Message.created_at)))


async def test_a_question_while_an_answer_runs_waits_for_its_end(
    chatting: Chatting, providers: ProviderServer, rows: Rows, person: Person
) -> None:
    waiting = chatting.page.locator("[data-queue-text]")
    await providers.set(**STALLS)
    await chatting.ask("The first")
    await chatting.streaming()
    await chatting.ask("The second")
    await chatting.box.press("Enter")
    await expect(waiting).to_have_text("The second")
    await expect(waiting).to_be_visible()
    await expect(chatting.box).to_have_value("")
    await chatting.box.fill("A draft")
    # Neither a reload nor another chat loses it, and it is not sent before its time.
    await chatting.page.reload()
    await chatting.streaming()
    await expect(waiting).to_have_text("The second")
    assert await questions_of(rows, person) == ["The first"]
    await providers.reset()
    await chatting.stop.click()
    await expect(chatting.answers).to_have_count(2)
    await expect(chatting.questions.last).to_contain_text("The second")
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(waiting).to_be_hidden()
    await expect(chatting.box).to_have_value("A draft")
    assert await questions_of(rows, person) == ["The first", "The second"]


async def test_what_comes_while_the_waiting_question_is_sent_is_a_question_of_its_own(
    chatting: Chatting, gate: Gate, rows: Rows, person: Person
) -> None:
    waiting = chatting.page.locator("[data-queue-text]")
    late, held = asyncio.Event(), list[tuple[WebSocketRoute, str | bytes]]()

    def between(tab: WebSocketRoute) -> None:
        """Tells the tab late that its question was taken."""

        def hand_on(message: str | bytes) -> None:
            if late.is_set() and '"accepted"' in str(message):
                held.append((tab, message))
            else:
                tab.send(message)

        tab.connect_to_server().on_message(hand_on)

    await chatting.page.route_web_socket(re.compile("_event"), between)
    await chatting.open()
    asked = ["[[say 5 words]]", "[[say 6 words]]", "[[say 7 words]]"]
    async with gate.closed(" w2") as come_up_to:
        await chatting.ask(asked[0])
        await chatting.streaming()
        await chatting.ask(asked[1])
        await expect(waiting).to_have_text(asked[1])
        late.set()
        come_up_to(" w5")
        await expect(chatting.answers).to_have_count(2)
        await chatting.streaming()
        await chatting.ask(asked[2])
        await expect(waiting).to_have_text(f"{asked[1]} {asked[2]}")
        late.clear()
        for tab, message in held:
            tab.send(message)
        await expect(waiting).to_have_text(asked[2])
    await expect(chatting.answers).to_have_count(3)
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(waiting).to_be_hidden()
    assert await questions_of(rows, person) == asked


async def test_a_waiting_question_is_taken_back(
    chatting: Chatting, providers: ProviderServer, rows: Rows, person: Person
) -> None:
    await providers.set(**STALLS)
    await chatting.ask("The first")
    await chatting.streaming()
    await chatting.ask("The second")
    await chatting.box.fill("and a draft")
    await chatting.page.get_by_role("button", name="Take back").click()
    await expect(chatting.box).to_have_value("The second\n\nand a draft")
    await expect(chatting.page.locator("[data-queue-text]")).to_be_hidden()
    await chatting.stop.click()
    await expect(chatting.stop).to_have_count(0)
    await expect(chatting.box).to_have_value("The second\n\nand a draft")
    assert await questions_of(rows, person) == ["The first"]


@pytest.mark.parametrize("at_home", [True, False], ids=["at home", "in a chat"])
async def test_sent_twice_is_asked_once(
    chatting: Chatting, rows: Rows, person: Person, at_home: bool
) -> None:
    asked = []
    if not at_home:
        await chatting.answered("A first question")
        asked.append("A first question")
    for way in ("keys", "clicks"):
        await chatting.box.fill(f"Twice by {way}")
        # In one turn of the browser's loop: nothing can have come back in between.
        await chatting.page.evaluate(
            """(way) => {
              const form = document.getElementById("composer");
              const key = () => form.elements.message.dispatchEvent(
                new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true}));
              const click = () => form.querySelector("[type=submit]").click();
              for (let n = 0; n < 3; n++) way === "keys" ? key() : click();
            }""",
            way,
        )
        asked.append(f"Twice by {way}")
        await expect(chatting.questions).to_have_count(len(asked))
        await expect(chatting.answer).to_have_attribute("data-status", "done")
        await expect(chatting.box).to_have_value("")
    await chatting.page.reload()
    await expect(chatting.questions).to_have_count(len(asked))
    assert await questions_of(rows, person) == asked


async def test_the_draft_of_each_chat_is_kept(chatting: Chatting, rows: Rows) -> None:
    await chatting.answered("One chat")
    first = chatting.page.url
    await chatting.box.fill("A draft for the first chat")
    await chatting.page.reload()
    await expect(chatting.box).to_have_value("A draft for the first chat")
    await chatting.page.get_by_role("button", name="New chat").click()
    await expect(chatting.box).to_have_value("")
    await chatting.answered("Another chat", count=1)
    await expect(chatting.box).to_have_value("")
    await chatting.box.fill("A draft for the second chat")
    await chatting.nav.get_by_role("link", name="One chat").click()
    await chatting.page.wait_for_url(first)
    await expect(chatting.box).to_have_value("A draft for the first chat")
    await chatting.box.press("Enter")
    await expect(chatting.answers).to_have_count(2)
    await expect(chatting.box).to_have_value("")
    await chatting.page.reload()
    await expect(chatting.answers).to_have_count(2)
    await expect(chatting.box).to_have_value("")
    await chatting.nav.get_by_role("link", name="Another chat").click()
    await expect(chatting.box).to_have_value("A draft for the second chat")


@pytest.mark.parametrize("at_home", [True, False], ids=["at home", "in a chat"])
async def test_what_is_typed_while_sending_is_kept(chatting: Chatting, at_home: bool) -> None:
    if not at_home:
        await chatting.answered("A first question")
    # All in one go: the server has no time to answer in between.
    await chatting.page.evaluate(
        """() => {
          const box = document.getElementById("composer").elements.message;
          const type = (text) => {
            box.value += text;
            box.dispatchEvent(new InputEvent("input", {bubbles: true}));
          };
          type("Sent");
          box.form.requestSubmit();
          type(" and more");
        }"""
    )
    await expect(chatting.questions.last).to_contain_text("Sent")
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(chatting.box).to_have_value("and more")
    await chatting.page.reload()
    await expect(chatting.box).to_have_value("and more")


async def test_another_text_sent_before_the_first_was_taken_is_not_lost(
    chatting: Chatting, providers: ProviderServer, rows: Rows, person: Person
) -> None:
    await chatting.answered("A first question")
    # The chat stays busy until the second text has come: it is refused, and kept in the box.
    await providers.set(**STALLS)
    await chatting.page.evaluate(
        """() => {
          const box = document.getElementById("composer").elements.message;
          const send = (text) => {
            box.value += text;
            box.dispatchEvent(new InputEvent("input", {bubbles: true}));
            box.form.requestSubmit();
          };
          send("Sent");
          send(" and more");
        }"""
    )
    await expect(chatting.answers).to_have_count(2)
    await chatting.streaming()
    refused = chatting.page.locator("#composer")
    await expect(refused).to_have_attribute("data-refused", re.compile(".+"))
    await expect(chatting.box).to_have_value("and more")
    await chatting.stop.click()
    await expect(chatting.answer).to_have_attribute("data-status", "stopped")
    await expect(chatting.box).to_have_value("and more")
    assert await questions_of(rows, person) == ["A first question", "Sent"]


async def test_the_keys_of_the_box(chatting: Chatting) -> None:
    await expect(chatting.box).to_be_focused()
    await chatting.box.press_sequentially("One line")
    await chatting.box.press("Shift+Enter")
    await chatting.box.press_sequentially("and another")
    await expect(chatting.box).to_have_value("One line\nand another")
    await chatting.box.press("Enter")
    await expect(chatting.questions).to_contain_text("One line\nand another")
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    # White space alone is no question.
    await chatting.box.fill("  \n ")
    await chatting.box.press("Enter")
    await expect(chatting.box).to_have_value("  \n ")
    await expect(chatting.answers).to_have_count(1)


async def test_on_a_touch_screen_enter_breaks_the_line(
    chat_app: AppServer, browser: Browser, rows: Rows
) -> None:
    someone = await rows.person()
    context = await browser.new_context(
        has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740}
    )
    await someone.sign_in(context, chat_app)
    chatting = Chatting(await context.new_page(), chat_app.url)
    await chatting.open()
    await chatting.box.tap()
    await chatting.box.press_sequentially("One line")
    await chatting.box.press("Enter")
    await chatting.box.press_sequentially("another")
    await expect(chatting.box).to_have_value("One line\nanother")
    await chatting.send.tap()
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await context.close()


async def test_the_box_grows_to_half_the_screen(chatting: Chatting) -> None:
    heights = []
    for lines in (1, 5, 60, 120):
        await chatting.box.fill("\n".join(f"line {n}" for n in range(lines)))
        box = await chatting.box.bounding_box()
        assert box
        heights.append(box["height"])
    view = await chatting.page.evaluate("innerHeight")
    assert heights[0] < heights[1] < heights[2] == heights[3]
    assert view * 0.45 < heights[3] <= view * 0.5
    assert await chatting.box.evaluate("(box) => box.scrollHeight > box.clientHeight")
    await expect(chatting.send).to_be_in_viewport()
    await chatting.box.fill("")
    box = await chatting.box.bounding_box()
    assert box
    assert box["height"] == heights[0]


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
async def test_too_long_a_text_is_kept_and_said(
    start_app: StartApp, pool_env: dict[str, str], browser: Browser
) -> None:
    app = await start_app({**pool_env, "CHATAPP_QUESTION_LENGTH": "1000"})
    rows = Rows(app.env)
    someone = await rows.person()
    context = await browser.new_context()
    await someone.sign_in(context, app)
    chatting = Chatting(await context.new_page(), app.url)
    await chatting.open()
    said = chatting.page.locator("#composer output")
    await chatting.box.fill("a" * 800)
    await expect(said).to_have_text("")
    # Paste more than fits: nothing is cut off behind one's back.
    await chatting.page.evaluate(
        """() => {
          const box = document.getElementById("composer").elements.message;
          box.focus();
          document.execCommand("insertText", false, "ü".repeat(300));
        }"""
    )
    await expect(chatting.box).to_have_value("a" * 800 + "ü" * 300)
    await expect(said).to_have_text("1,100 of 1,000 characters, 100 too many")
    await chatting.box.press("Enter")
    await expect(chatting.questions).to_have_count(0)
    await expect(chatting.page).to_have_url(app.url + routes.HOME)
    await chatting.page.reload()
    await expect(said).to_have_text("1,100 of 1,000 characters, 100 too many")
    # A character is a character, however many units of UTF-16 it has.
    await chatting.box.fill("🙂" * 1000)
    await expect(said).to_have_text("1,000 of 1,000 characters")
    await chatting.answered("🙂" * 1000)
    await expect(said).to_have_text("")
    assert await questions_of(rows, someone) == ["🙂" * 1000]
    await context.close()


async def test_suggestions_fill_the_box(chatting: Chatting) -> None:
    suggestions = WELCOME.default.suggestions
    for each in suggestions:
        await expect(chatting.page.get_by_role("button", name=each.title)).to_be_visible()
    text = suggestions[1].text
    await chatting.page.get_by_role("button", name=suggestions[1].title).click()
    await expect(chatting.box).to_have_value(text)
    await expect(chatting.box).to_be_focused()
    await chatting.box.press("Enter")
    await expect(chatting.questions).to_contain_text(text)


async def test_a_question_before_the_page_is_alive_is_asked_once_it_is(
    chat_app: AppServer, page: Page, rows: Rows, person: Person
) -> None:
    arrived = asyncio.Event()

    async def late(route: Route) -> None:
        await arrived.wait()
        await route.continue_()

    await page.route(re.compile(r"/assets/.*\.js"), late)
    chatting = Chatting(page, chat_app.url)
    await page.goto(chat_app.url + routes.HOME, wait_until="commit")
    await chatting.ask("[[say 9 words]]")
    await chatting.box.press("Enter")
    arrived.set()
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(chatting.answer.locator(".reading")).to_have_text(words(9))
    await expect(chatting.box).to_have_value("")
    assert "message" not in page.url
    assert await questions_of(rows, person) == ["[[say 9 words]]"]
