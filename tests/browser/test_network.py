"""A network that goes away and comes back, between a real browser and the app."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Page, expect
from sqlmodel import func, select

from chatapp.chats.models import Message
from chatapp.limits.models import ProviderAttempt, UsageDay, UsedPeriod
from tests.answers.world import words
from tests.browser.chatting import Chatting
from tests.browser.gate import Gate
from tests.browser.rows import Person, Rows
from tests.browser.watching import noted, watch
from tests.fakes import ProviderServer
from tests.harness.app import AppServer
from tests.harness.link import Link, Way

pytestmark = pytest.mark.browser

READING = "[data-testid=answer] .reading"


@pytest.fixture
async def line(chat_app: AppServer) -> AsyncIterator[Link]:
    """The network between the browser and the app."""
    async with Link(chat_app.port) as made:
        yield made


@pytest.fixture
async def chatting(line: Link, person: Person, page: Page) -> Chatting:
    """The home page of a signed-in person, behind that network."""
    made = Chatting(page, f"http://localhost:{line.port}")
    await watch(page, READING)
    await made.open()
    return made


def grows(shown: list[str], whole: str) -> bool:
    """Whether a text has only ever grown towards its whole, each word in its place and once."""
    return all(whole.startswith(text) for text in shown) and shown == sorted(shown, key=len)


@pytest.mark.parametrize("way", ["offline", Way.CUT, Way.SILENT])
async def test_an_answer_goes_on_when_the_network_is_back(
    chatting: Chatting, gate: Gate, line: Link, rows: Rows, person: Person, way: str
) -> None:
    context = chatting.page.context
    async with gate.closed(" w20") as let_come:
        await chatting.ask("[[say 60 words]]")
        await expect(chatting.answer.locator(".reading")).to_have_text(words(20))
        await chatting.box.fill("Typed meanwhile")
        async with AsyncExitStack() as away:
            if way == "offline":
                # It refuses what is new and leaves an open socket as it is.
                await context.set_offline(True)
                away.push_async_callback(context.set_offline, False)
            kept = Way.CUT if way == "offline" else Way(way)
            await away.enter_async_context(line.disturbed(kept))
            if kept is Way.CUT:
                lost = chatting.page.get_by_text("The connection was lost.")
                await expect(lost).to_be_visible()
            let_come(" w40")
            await chatting.box.press("End")
            await chatting.box.press_sequentially(", and more")
        await expect(chatting.answer.locator(".reading")).to_have_text(words(40))
        await expect(chatting.answer).to_have_attribute("data-status", "streaming")
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(chatting.answer.locator(".reading")).to_have_text(words(60))
    await expect(chatting.page.get_by_text("The connection was lost.")).to_have_count(0)
    await expect(chatting.box).to_have_value("Typed meanwhile, and more")
    shown = await noted(chatting.page)
    assert grows(shown, words(60)), shown
    assert await questions_of(rows, person) == ["[[say 60 words]]"]


@pytest.mark.parametrize("lost", [Way.MUTE, Way.DEAF])
@pytest.mark.parametrize("at_home", [True, False], ids=["at home", "in a chat"])
async def test_a_question_that_is_lost_or_its_acknowledgement_is_asked_and_charged_once(
    chatting: Chatting,
    line: Link,
    providers: ProviderServer,
    rows: Rows,
    person: Person,
    at_home: bool,
    lost: Way,
) -> None:
    asked = ["[[say 9 words]]"]
    if not at_home:
        await chatting.answered("A first question")
        asked.insert(0, "A first question")
    async with line.disturbed(lost):
        await chatting.ask("[[say 9 words]]")
        if lost is Way.MUTE:
            # It is kept and answered; the page hears nothing of it before its socket is cut.
            await rows.become(select(func.count()).where(*answered(person)), [len(asked)])
    await expect(chatting.questions).to_have_count(len(asked))
    await expect(chatting.answer.locator(".reading")).to_have_text(words(9))
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(chatting.box).to_have_value("")
    await chatting.page.reload()
    await expect(chatting.questions).to_have_count(len(asked))
    await expect(chatting.box).to_have_value("")
    assert await questions_of(rows, person) == asked
    assert len(await providers.requests()) == len(asked)
    ledger = select(func.count()).where(ProviderAttempt.user_id == person.id)
    await rows.become(ledger, [len(asked)])
    sums = select(func.sum(UsageDay.questions)).where(UsageDay.user_id == person.id)
    await rows.become(sums, [len(asked)])
    used = select(UsedPeriod.questions).where(
        UsedPeriod.user_id == person.id, UsedPeriod.kind == "day"
    )
    await rows.become(used, [len(asked)])


def answered(person: Person) -> tuple[bool, ...]:
    """What is so of a person's answers that are done."""
    return Message.user_id == person.id, Message.role == "answer", Message.status == "done"


async def questions_of(rows: Rows, person: Person) -> list[str]:
    query = select(Message.text).where(Message.user_id == person.id, Message.role == "question")
    return await rows.all(query.order_by("created_at"))
