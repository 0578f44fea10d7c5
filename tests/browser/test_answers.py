"""How answers end, and what can be done then."""

import re

import pytest
from playwright.async_api import expect
from sqlmodel import col, select

from chatapp.chats.models import Message
from tests.answers.world import words
from tests.browser.chatting import Chatting
from tests.browser.gate import Gate
from tests.browser.rows import Person, Rows
from tests.fakes import ProviderServer

pytestmark = pytest.mark.browser

PART = "One two three"
STALLS = {"text": f"{PART} four five", "fault": {"kind": "stall_after", "after": 3}}


async def answers_of(rows: Rows, person: Person) -> list[str]:
    """The answers of a person, oldest first, with their states."""
    query = select(col(Message.status) + ": " + col(Message.text))
    query = query.where(Message.user_id == person.id, Message.role == "answer")
    return await rows.all(query.order_by(col(Message.created_at)))


async def test_stop_keeps_what_came_and_says_so(
    chatting: Chatting, providers: ProviderServer, rows: Rows, person: Person
) -> None:
    await providers.set(**STALLS)
    await chatting.ask("Count to five")
    await expect(chatting.answer.locator(".reading")).to_have_text(PART)
    await expect(chatting.log).to_have_attribute("aria-busy", "true")
    await expect(chatting.send).to_be_hidden()
    await chatting.stop.click()
    await expect(chatting.answer).to_have_attribute("data-status", "stopped")
    await expect(chatting.answer).to_contain_text("You stopped this answer.")
    await expect(chatting.log).to_have_attribute("aria-busy", "false")
    await expect(chatting.send).to_be_visible()
    await expect(chatting.stop).to_have_count(0)
    await providers.wait(closed_early=1)
    await chatting.page.reload()
    await expect(chatting.answer.locator(".reading")).to_have_text(PART)
    await expect(chatting.answer).to_contain_text("You stopped this answer.")
    assert await answers_of(rows, person) == [f"stopped: {PART}"]


async def test_continue_keeps_the_part_and_brings_what_follows_once(
    chatting: Chatting, providers: ProviderServer, rows: Rows, person: Person
) -> None:
    await providers.set(**STALLS)
    await chatting.ask("Count to five")
    await expect(chatting.answer.locator(".reading")).to_have_text(PART)
    await chatting.stop.click()
    await expect(chatting.answer).to_have_attribute("data-status", "stopped")
    await providers.set(text="four five")
    # Clicked twice in one turn of the browser's loop, it is wished once.
    await chatting.page.get_by_role("button", name="Continue").evaluate(
        "(button) => { button.click(); button.click(); }"
    )
    await expect(chatting.answers).to_have_count(2)
    for _ in range(2):
        await expect(chatting.answer).to_have_attribute("data-status", "done")
        await expect(chatting.answer.locator(".reading")).to_have_text("four five")
        await expect(chatting.answers.first).to_have_attribute("data-status", "stopped")
        await expect(chatting.answers.first.locator(".reading")).to_have_text(PART)
        await expect(chatting.page.get_by_role("button", name="Continue")).to_have_count(0)
        await chatting.page.reload()
        await expect(chatting.answers).to_have_count(2)
    assert await answers_of(rows, person) == [f"stopped: {PART}", "done: four five"]
    # The model was given the part that it is to go on from.
    asked = (await providers.requests())[1:]
    assert len(asked) == 1
    assert PART in str(asked[0]["body"])


async def test_stop_before_the_first_word(chatting: Chatting, providers: ProviderServer) -> None:
    await providers.set(fault={"kind": "stall"})
    await chatting.ask("Are you there?")
    await expect(chatting.answer).to_have_attribute("data-status", re.compile("queued|streaming"))
    await expect(chatting.answer.get_by_role("status")).to_have_text("Waiting for the first words")
    await chatting.stop.click()
    await expect(chatting.answer).to_have_attribute("data-status", "stopped")
    await expect(chatting.answer).to_contain_text("You stopped this answer.")


async def test_regenerate_puts_another_answer_in_its_place_and_keeps_the_old(
    chatting: Chatting, providers: ProviderServer, rows: Rows, person: Person
) -> None:
    await providers.set(text="The first version.")
    first = await (await chatting.answered("Say something")).get_attribute("data-answer-id")
    await providers.set(text="The second version.")
    await chatting.page.get_by_role("button", name="Regenerate").click()
    await expect(chatting.answer.locator(".reading")).to_have_text("The second version.")
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(chatting.answers).to_have_count(1)
    await expect(chatting.questions).to_have_count(1)
    assert await chatting.answer.get_attribute("data-answer-id") != first
    kept = ["done: The first version.", "done: The second version."]
    assert await answers_of(rows, person) == kept
    await chatting.page.reload()
    await expect(chatting.answers).to_have_count(1)
    await expect(chatting.answer.locator(".reading")).to_have_text("The second version.")


async def test_what_fails_is_said_in_words_and_retried(
    chatting: Chatting, providers: ProviderServer
) -> None:
    await providers.set(fault={"kind": "http_500"})
    await chatting.answered("Will this work?", "failed")
    said = chatting.answer.get_by_role("alert")
    await expect(said).to_have_text("No model could be reached. Please try again in a moment.")
    await expect(chatting.log).not_to_contain_text(re.compile("500|Error|gsk-|AIza"))
    await chatting.page.reload()
    await expect(said).to_be_visible()
    await providers.reset()
    await providers.set(text="It works again.")
    await chatting.page.get_by_role("button", name="Retry").click()
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(chatting.answer.locator(".reading")).to_have_text("It works again.")
    await expect(chatting.answers).to_have_count(1)
    await expect(chatting.page.get_by_role("button", name="Retry")).to_have_count(0)


async def test_an_answer_that_breaks_off_keeps_its_part(
    chatting: Chatting, providers: ProviderServer
) -> None:
    await providers.set(text=PART + " four", fault={"kind": "drop_after", "after": 3})
    await chatting.answered("Count", "failed")
    await expect(chatting.answer.locator(".reading")).to_have_text(PART)
    await expect(chatting.answer.get_by_role("alert")).to_have_count(1)
    await expect(chatting.page.get_by_role("button", name="Retry")).to_be_visible()


async def test_two_tabs_show_the_same(
    chatting: Chatting, providers: ProviderServer, gate: Gate
) -> None:
    await chatting.answered("The first question")
    other = Chatting(await chatting.page.context.new_page(), chatting.url)
    await other.page.goto(chatting.page.url)
    await expect(other.answers).to_have_count(1)
    late = Chatting(await chatting.page.context.new_page(), chatting.url)
    async with gate.closed(" w30"):
        await other.ask("[[say 60 words]]")
        for tab in (chatting, other):
            await expect(tab.questions.last).to_contain_text("[[say 60 words")
            await expect(tab.answers).to_have_count(2)
            await tab.streaming()
        await expect(chatting.stop).to_be_visible()
        # A third tab comes in the middle of the answer and misses nothing.
        await late.page.goto(chatting.page.url)
        await late.streaming()
        for tab in (chatting, other, late):
            await expect(tab.answer.locator(".reading")).to_have_text(words(30))
    for tab in (chatting, other, late):
        await expect(tab.answer).to_have_attribute("data-status", "done")
        await expect(tab.answer.locator(".reading")).to_have_text(words(60))
    # What is stopped in one tab is stopped in the others.
    await providers.set(**STALLS)
    await chatting.ask("Once more")
    await expect(late.answer.locator(".reading")).to_have_text(PART)
    await late.stop.click()
    await expect(chatting.answer).to_have_attribute("data-status", "stopped")
