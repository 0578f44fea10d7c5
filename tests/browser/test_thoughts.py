"""How an answer came about: a line in it, a drawer with its steps, and what waits for a word."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Locator, Page, expect

from chatapp.agents.tools.models import ToolChoice
from tests.browser.chatting import Chatting
from tests.browser.gate import Gate
from tests.browser.rows import Rows
from tests.fakes import ProviderServer
from tests.harness.app import AppServer
from tests.harness.backends import Backend

pytestmark = pytest.mark.browser

HOSTILE = '**Hm.** <img src=x onerror="document.title=1"> <script>document.title=2</script>'
CALLS = [
    {"name": "calculator", "args": {"expression": "6 * 7"}},
    {"name": "calculator", "args": {"expression": f"{HOSTILE} +"}},
]
CONVERTING = {"name": "convert_units", "args": {"amount": "3", "unit": "km", "to": "m"}}


@pytest.fixture(scope="module")
async def _chat_app(
    embedded: Backend,
    built_pages: None,
    pool_env: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[AppServer]:
    """An app in which one of the tools counts as acting on the outside."""
    folder = tmp_path_factory.mktemp("thoughts")
    server = AppServer({**await embedded.fresh(folder), **pool_env}, folder / "app.log")
    await server.start()
    await Rows(server.env).add([ToolChoice(name="convert_units", acts=True)])
    await server.stop()
    await server.start()
    yield server
    await server.stop()


async def fits(page: Page, *parts: Locator) -> None:
    """At the width of a phone, nothing stands beyond the edge."""
    wide = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert await page.evaluate(wide)
    for part in parts:
        box = await part.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360


async def test_each_step_is_seen_live_and_after_a_reload_as_plain_text(
    chatting: Chatting, providers: ProviderServer, gate: Gate, page: Page
) -> None:
    await providers.set(rounds=[CALLS], says="Let me compute.", thoughts=[HOSTILE])
    line = chatting.answer.get_by_role("button", name="Looked up 2 things")
    async with gate.closed(" w20"):
        await chatting.ask("@Maths please [[say 40 words]]")
        await expect(line).to_be_visible()
        await expect(chatting.answer).to_have_attribute("data-status", "streaming")
        await line.focus()
        await line.press("Enter")
        drawer = page.get_by_role("dialog", name="How this answer came about")
        steps = drawer.get_by_test_id("step")
        await expect(steps.nth(1)).to_contain_text("Calculator")
        await expect(steps.nth(1)).to_contain_text("42")
        await expect(chatting.answer).to_have_attribute("data-status", "streaming")
        await page.keyboard.press("Escape")
        await expect(drawer).to_be_hidden()
        await chatting.stop.click()
        await expect(chatting.answer).to_have_attribute("data-status", "stopped")
    for _ in range(2):
        await expect(chatting.answer.locator(".reading")).to_contain_text("Let me compute.")
        await line.click()
        await expect(steps).to_have_count(4)
        assert await steps.evaluate_all("(all) => all.map((each) => each.dataset.kind)") == [
            "model",
            "tool",
            "tool",
            "model",
        ]
        await expect(steps.nth(0)).to_contain_text(HOSTILE)
        await expect(steps.nth(2)).to_have_attribute("data-state", "failed")
        await expect(steps.nth(2)).to_contain_text(HOSTILE)
        await expect(drawer.locator("img, script, strong")).to_have_count(0)
        assert await page.title() not in ("1", "2")
        await page.set_viewport_size({"width": 360, "height": 740})
        await fits(page, drawer, *(await steps.all()))
        await drawer.get_by_role("button", name="Close the steps").click()
        await fits(page, line)
        await page.set_viewport_size({"width": 1280, "height": 800})
        await page.reload()


async def test_a_model_is_seen_thinking_and_who_was_asked_in_vain(
    chatting: Chatting, providers: ProviderServer, page: Page
) -> None:
    cut = {"kind": "drop_after", "after": 3, "thinking": True, "times": 1}
    thoughts = [f"{HOSTILE} {number}. " for number in range(240)]
    await providers.set(thoughts=thoughts, thoughts_per_second=4, fault=cut)
    await chatting.ask("How is it there?")
    line = chatting.answer.get_by_role("button", name="Thinking")
    drawer = page.get_by_role("dialog", name="How this answer came about")
    steps = drawer.get_by_test_id("step")
    for _ in range(2):
        await expect(line).to_be_visible()
        await expect(chatting.answer.locator(".reading")).to_be_empty()
        await line.click()
        await expect(steps).to_have_count(2)
        await expect(steps.nth(0)).to_contain_text("broke off while it thought, so")
        await expect(steps.nth(0)).to_contain_text(f"{HOSTILE} 2.")
        await expect(steps.nth(1)).to_contain_text(f"{HOSTILE} 4.")
        await page.reload()
    await chatting.stop.click()
    await expect(chatting.answer).to_have_attribute("data-status", "stopped")
    await providers.set(thoughts=["Hm."], fault={"kind": "http_500", "times": 1})
    await chatting.answered("And there? [[say 4 words]]")
    await page.reload()
    await chatting.answer.get_by_role("button", name="Thought for").click()
    await expect(steps).to_have_count(2)
    await expect(steps.nth(0)).to_contain_text("did not answer, so")
    await expect(steps.nth(1)).to_contain_text("Hm.")
    await expect(drawer.get_by_test_id("answered-by")).to_contain_text("did not answer")
    await page.set_viewport_size({"width": 360, "height": 740})
    await fits(page, drawer, *(await steps.all()))


async def test_what_acts_waits_for_a_word_across_a_restart(
    chatting: Chatting, providers: ProviderServer, chat_app: AppServer, page: Page
) -> None:
    await providers.set(rounds=[[CONVERTING]], says="I convert.", text="It is 3,000 m.")
    await chatting.ask("@Maths how many metres are 3 km?")
    card = chatting.answer.get_by_role("group", name="Approval")
    await expect(card).to_contain_text("would act outside of this chat")
    await expect(
        chatting.answer.get_by_role("button", name="Waits for your approval")
    ).to_be_visible()
    await chat_app.stop()
    await chat_app.start()
    await page.reload()
    await expect(chatting.answer.locator(".reading")).to_contain_text("I convert.")
    await expect(card).to_be_visible()
    await page.set_viewport_size({"width": 360, "height": 740})
    await fits(page, card, *(await card.get_by_role("button").all()))
    await card.get_by_role("button", name="Approve").click()
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(chatting.answer.locator(".reading")).to_contain_text("It is 3,000 m.")
    await expect(card).to_have_count(0)
    assert len(await providers.requests()) == 2
    await providers.set(rounds=[[CONVERTING]], text="I did not.")
    await chatting.ask("@Maths and again?")
    await chatting.answer.get_by_role("button", name="Refuse").click()
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await chatting.answer.get_by_role("button", name="Looked up 1 thing").click()
    step = page.get_by_test_id("step").and_(page.locator("[data-kind=tool]")).last
    await expect(step).to_contain_text("refused")
