"""Agents in the browser: made, chosen, asked by name, switched off, deleted and brought back."""

import pytest
from playwright.async_api import Page, expect

from chatapp import routes
from tests.browser.chatting import Chatting
from tests.fakes import ProviderServer

pytestmark = pytest.mark.browser


async def make(page: Page, url: str, name: str) -> None:
    """Make an agent with the form; it leads to a chat with it."""
    await page.goto(url + routes.AGENTS)
    await page.get_by_role("link", name="New agent").click()
    await page.get_by_label("Name").fill(name)
    await page.get_by_role("button", name="Take 🎓").click()
    await page.get_by_label("Instructions").fill("Answer letters.")
    await page.get_by_label("Suggestions").fill("Answer this letter:")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name=name)).to_be_visible()


async def test_one_is_made_chosen_switched_off_and_deleted(chatting: Chatting) -> None:
    page = chatting.page
    await make(page, chatting.url, "Letters <b>")
    await page.get_by_role("button", name="Answer this letter:").click()
    await expect(chatting.box).to_have_value("Answer this letter:")
    await chatting.answered("Dear all [[say 3 words]]")
    await expect(chatting.answer).to_contain_text("🎓 Letters <b> ·")
    chat = page.url
    # Another one is chosen in the head of the chat, and answers from then on.
    await page.get_by_role("button", name="Agent: 🎓 Letters <b>").click()
    await page.get_by_role("button", name="Writer").click()
    await expect(page.get_by_role("button", name="Agent: ✍️ Writer")).to_be_visible()
    await chatting.answered("Again [[say 3 words]]")
    await expect(chatting.answer).to_contain_text("✍️ Writer ·")
    await page.get_by_role("button", name="Agent: ✍️ Writer").click()
    await page.get_by_role("button", name="Letters <b>").click()
    await expect(page.get_by_role("button", name="Agent: 🎓 Letters <b>")).to_be_visible()
    # Switched off, the chat says so and goes on without it.
    await page.goto(chatting.url + routes.AGENTS)
    await page.get_by_role("button", name="Switch off Letters <b>").click()
    await expect(page.get_by_role("button", name="Switch on Letters <b>")).to_be_visible()
    await page.goto(chat)
    await expect(page.get_by_role("button", name="Letters <b>, switched off")).to_be_visible()
    await expect(chatting.answers).to_have_count(2)
    await chatting.answered("And now [[say 3 words]]")
    await expect(chatting.answer).not_to_contain_text("Letters")
    # Deleted, it can be brought back.
    await page.goto(chatting.url + routes.AGENTS)
    await page.get_by_role("button", name="Delete Letters <b>").click()
    await expect(page.get_by_text("The agent was deleted.")).to_be_visible()
    await expect(page.get_by_test_id("agent").filter(has_text="Letters")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_test_id("agent").filter(has_text="Letters")).to_have_count(1)
    await page.get_by_role("searchbox", name="Search agents").fill("lett")
    await expect(page.get_by_test_id("agent")).to_have_count(1)


async def test_an_at_lists_the_agents_and_the_keyboard_takes_one(chatting: Chatting) -> None:
    page, options = chatting.page, chatting.page.get_by_role("option")
    await chatting.answered("Hello [[say 3 words]]")
    await chatting.box.press_sequentially("@")
    await expect(options).to_have_count(5)
    await expect(options.first).to_have_attribute("aria-selected", "true")
    await chatting.box.press("ArrowDown")
    await expect(page.get_by_role("option", name="Coder")).to_have_attribute(
        "aria-selected", "true"
    )
    await chatting.box.press("Escape")
    await expect(options).to_have_count(0)
    await chatting.box.press_sequentially("tr")
    await expect(options).to_have_count(1)
    await chatting.box.press("Enter")
    await expect(chatting.box).to_have_value("@Translator ")
    await expect(options).to_have_count(0)
    await chatting.box.press_sequentially("good morning [[say 3 words]]")
    await chatting.box.press("Enter")
    await expect(chatting.answers).to_have_count(2)
    await expect(chatting.answer).to_contain_text("🌍 Translator ·")
    # It was for that question alone.
    await expect(page.get_by_role("button", name="Choose an agent")).to_be_visible()
    await chatting.answered("Thanks [[say 3 words]]")
    await expect(chatting.answer).not_to_contain_text("Translator")


async def test_one_is_named_in_the_middle_of_a_question(chatting: Chatting) -> None:
    page, options = chatting.page, chatting.page.get_by_role("option")
    await chatting.box.press_sequentially("Mail ada@tr")
    await expect(options).to_have_count(0)
    await chatting.box.fill("Please, ")
    await chatting.box.press_sequentially("@tr")
    await expect(options).to_have_count(1)
    await chatting.box.press("Tab")
    await expect(chatting.box).to_have_value("Please, @Translator ")
    await chatting.box.press_sequentially("say it [[say 3 words]]")
    await chatting.box.press("Enter")
    await expect(chatting.answer).to_contain_text("🌍 Translator ·")
    await expect(page.get_by_role("button", name="Choose an agent")).to_be_visible()


async def test_what_a_model_remembers_is_seen_in_the_drawer_and_in_the_settings(
    chatting: Chatting, providers: ProviderServer
) -> None:
    page = chatting.page
    await page.goto(chatting.url + routes.SETTINGS)
    await page.get_by_role("switch", name="Use the memory").click()
    await expect(page.get_by_role("switch", name="Use the memory")).to_be_checked()
    await chatting.open()
    remembers = {"name": "remember", "args": {"fact": "Prefers trains <b>"}}
    await providers.set(rounds=[[remembers]], text="I will remember.")
    await chatting.answered("@Maths I prefer trains")
    await chatting.answer.get_by_role("button", name="Looked up 1 thing").click()
    step = page.get_by_test_id("step").and_(page.locator("[data-kind=tool]"))
    await expect(step).to_contain_text("Memory")
    await expect(step).to_contain_text("Remembered: Prefers trains <b>")
    await page.goto(chatting.url + routes.SETTINGS)
    entries = page.get_by_role("list", name="What is remembered").get_by_role("listitem")
    await expect(entries).to_contain_text("Prefers trains <b>")
    await expect(entries).to_contain_text("Noted by an agent")


async def test_a_form_that_is_refused_keeps_what_was_typed(chatting: Chatting) -> None:
    page = chatting.page
    await page.goto(chatting.url + routes.NEW_AGENT)
    await page.get_by_label("Name").fill("Coder")
    await page.get_by_label("Instructions").fill("Mine.")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("There is an agent called Coder")
    await expect(page.get_by_label("Instructions")).to_have_value("Mine.")
    await page.goto(chatting.url + routes.agent("019a0000-0000-7000-8000-000000000000"))
    await expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()


async def test_what_is_remembered_is_read_changed_and_forgotten(chatting: Chatting) -> None:
    page = chatting.page
    await page.goto(chatting.url + routes.SETTINGS)
    memory = page.get_by_role("switch", name="Use the memory")
    await expect(memory).to_have_attribute("aria-checked", "false")
    await memory.click()
    await expect(memory).to_have_attribute("aria-checked", "true")
    await page.get_by_label("Remember that").fill("I like <b>trains</b>")
    await page.get_by_role("button", name="Add", exact=True).click()
    entries = page.get_by_role("list", name="What is remembered").get_by_role("listitem")
    await expect(entries).to_contain_text("I like <b>trains</b>")
    await page.get_by_role("button", name="Change: I like").click()
    await page.get_by_role("textbox", name="What is to be remembered").fill("I like boats")
    await page.keyboard.press("Enter")
    await expect(entries).to_contain_text("I like boats")
    await page.get_by_label("How should they sound?").fill("Like a pirate.")
    await page.get_by_role("form", name="Your instructions").get_by_role("button").click()
    await expect(page.get_by_text("Saved. It counts from the next question on.")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("How should they sound?")).to_have_value("Like a pirate.")
    await page.get_by_role("button", name="Forget: I like boats").click()
    await expect(page.get_by_text("Nothing is remembered yet.")).to_be_visible()
