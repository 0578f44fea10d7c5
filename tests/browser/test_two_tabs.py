"""Two tabs on one chat, each with a question that waits for the end of the same answer."""

import pytest
from playwright.async_api import expect
from sqlmodel import select

from chatapp.chats.models import Message
from tests.browser.chatting import Chatting
from tests.browser.gate import Gate
from tests.browser.rows import Person, Rows
from tests.fakes import ProviderServer

pytestmark = pytest.mark.browser


async def test_what_waits_in_two_tabs_is_asked_in_turn_and_once(
    chatting: Chatting, gate: Gate, providers: ProviderServer, rows: Rows, person: Person
) -> None:
    other = Chatting(await chatting.page.context.new_page(), chatting.url)
    async with gate.closed(" w2"):
        await chatting.ask("[[say 5 words]]")
        await chatting.streaming()
        await other.page.goto(chatting.page.url)
        await other.streaming()
        for tab, text in ((chatting, "Waits here"), (other, "Waits there")):
            await tab.ask(text)
            await expect(tab.page.locator("[data-queue-text]")).to_have_text(text)
    for tab in (chatting, other):
        await expect(tab.answers).to_have_count(3)
        await expect(tab.answer).to_have_attribute("data-status", "done")
        await expect(tab.page.locator("[data-queue-text]")).to_be_hidden()
        await expect(tab.box).to_have_value("")
    query = select(Message.text).where(Message.user_id == person.id, Message.role == "question")
    assert sorted(await rows.all(query)) == ["Waits here", "Waits there", "[[say 5 words]]"]
    assert len(await providers.requests()) == 3
