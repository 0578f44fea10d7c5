"""The frame of the pages: themes, keys, titles, and what stays where it is."""

import re
from itertools import pairwise

import pytest
from playwright.async_api import Browser, Page, expect

from chatapp import routes
from tests.browser.chatting import Chatting
from tests.browser.rows import Person, Rows
from tests.browser.texts import RICH
from tests.fakes import ProviderServer
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_theme_is_there_from_the_first_moment(
    chat_app: AppServer, browser: Browser, rows: Rows, scheme: str
) -> None:
    someone = await rows.person()
    context = await browser.new_context(color_scheme=scheme)  # pyright: ignore[reportArgumentType]
    await someone.sign_in(context, chat_app)
    page = await context.new_page()
    # The colours of every frame from the first on in which there is a body.
    await page.add_init_script(
        """
        window.colours = [];
        const look = () => {
          if (document.body) window.colours.push(getComputedStyle(document.body).backgroundColor);
          requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
        """
    )
    chatting = Chatting(page, chat_app.url)
    await chatting.open()
    colours = await page.evaluate("[...new Set(window.colours)]")
    assert len(colours) == 1
    seen = {scheme: colours[0]}
    names = ["Theme: as the system", "Theme: light", "Theme: dark", "Theme: as the system"]
    for now, following in pairwise(names):
        await page.get_by_role("button", name=now).click()
        await expect(page.get_by_role("button", name=following)).to_be_visible()
        chosen = scheme if "system" in following else following.removeprefix("Theme: ")
        await expect(page.locator("html")).to_have_class(re.compile(rf"\b{chosen}\b"))
        await page.reload()
        await chatting.alive()
        await expect(page.get_by_role("button", name=following)).to_be_visible()
        colours = await page.evaluate("[...new Set(window.colours)]")
        assert len(colours) == 1, f"{following} flashed"
        assert seen.setdefault(chosen, colours[0]) == colours[0]
    assert seen["light"] != seen["dark"]
    await context.close()


FOCUSED = """() => {
  const each = document.activeElement;
  if (each === document.body) return ["the browser itself", true];
  const style = getComputedStyle(each);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  // The box shows it by the border around it.
  const form = each.name === "message" && each.closest("form");
  const accent = getComputedStyle(document.documentElement).getPropertyValue("--accent");
  const probe = Object.assign(document.createElement("i"), {style: `color: ${accent}`});
  document.body.append(probe);
  const border = form && getComputedStyle(form).borderColor === getComputedStyle(probe).color;
  probe.remove();
  return [each.ariaLabel || each.innerText.split("\\n")[0].trim(),
          (ring || border) && style.opacity !== "0"];
}"""
"""The name of what has the focus, and whether that can be seen."""


async def test_a_question_with_the_keyboard_alone(
    chatting: Chatting, rows: Rows, person: Person
) -> None:
    page = chatting.page
    await rows.chat(person, "An old question", "An old answer", title="Old chat")
    await page.reload()
    await chatting.alive()
    await page.get_by_role("button", name="New chat").focus()
    seen = ["New chat"]
    while True:
        await page.keyboard.press("Tab")
        name, ring = await page.evaluate(FOCUSED)
        if name in seen or len(seen) > 50:
            break
        assert ring, f"the focus on {name} cannot be seen"
        seen.append(name)
    assert seen[:4] == ["New chat", "Agents", "Old chat", "Options of Old chat"]
    assert "Settings" in seen
    assert "Theme: as the system" in seen
    assert seen.index("Explain") < seen.index("Message")
    # The menu of a chat, a new title, a chat chosen: all by keys.
    await page.get_by_role("button", name="Options of Old chat").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Rename").locator("visible=true")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Rename").locator("visible=true")).to_have_count(0)
    await page.get_by_role("link", name="Old chat").focus()
    await page.keyboard.press("Enter")
    await expect(chatting.answers).to_have_count(1)
    await expect(chatting.box).to_be_focused()
    await page.keyboard.type("Typed without a mouse")
    await page.keyboard.press("Enter")
    await expect(chatting.answers).to_have_count(2)
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    first = await chatting.answer.get_attribute("data-answer-id")
    await chatting.answer.get_by_role("button", name="Regenerate").focus()
    await page.keyboard.press("Space")
    await expect(chatting.answer).not_to_have_attribute("data-answer-id", str(first))
    await expect(chatting.answer).to_have_attribute("data-status", "done")


async def test_settled_blocks_never_move(chatting: Chatting, providers: ProviderServer) -> None:
    page = chatting.page
    await page.add_init_script(
        """
        window.shifts = [];
        window.moved = [];
        new PerformanceObserver((list) => {
          for (const {value, sources} of list.getEntries())
            window.shifts.push([value, sources.map(({node}) => node?.outerHTML?.slice(0, 80))]);
        }).observe({type: "layout-shift", buffered: true});
        const places = new Map();
        const look = () => {
          const view = document.querySelector(".overscroll-contain > div")?.getBoundingClientRect();
          const blocks = [...document.querySelectorAll("[data-testid=answer]:last-of-type .block")];
          const running = document.querySelector("[data-status=streaming]");
          blocks.forEach((block, at) => {
            const {top, height} = block.getBoundingClientRect();
            const now = [Math.round(top - view.top), Math.round(height)].join();
            const before = places.get(block);
            if (before && before !== now)
              window.moved.push([at, blocks.length, before, now, block.innerText.slice(0, 40)]);
            window.looked = (window.looked ?? 0) + (before ? 1 : 0);
            // Once another has begun after it, it is settled.
            if (!running || at < blocks.length - 1) places.set(block, now);
          });
          requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
        """
    )
    await page.reload()
    await chatting.alive()
    await page.evaluate("document.fonts.ready")
    assert await page.evaluate("window.shifts.filter(([value]) => value > 0.02)") == []
    text = "Words before it all.\n\n" + RICH
    tokens = [text[at : at + 7] for at in range(0, len(text), 7)]
    await providers.set(tokens=tokens, tokens_per_second=120)
    await chatting.ask("Show me everything, please, and let nothing jump")
    await chatting.streaming()
    await expect(chatting.answer).to_have_attribute("data-status", "done", timeout=20_000)
    await expect(page.get_by_role("button", name="Regenerate")).to_be_visible()
    assert await page.evaluate("window.moved") == []
    assert await page.evaluate("window.looked") > 100


async def test_reduced_motion_is_respected(chatting: Chatting, providers: ProviderServer) -> None:
    await providers.set(fault={"kind": "stall"})
    await chatting.ask("Wait")
    await expect(chatting.answer.locator(".pulse")).to_be_visible()
    running = "document.getAnimations().filter((each) => each.playState === 'running').length"
    assert await chatting.page.evaluate(running) == 0
    await chatting.page.emulate_media(reduced_motion="no-preference")
    await chatting.page.wait_for_function(f"{running} > 0")
    await chatting.stop.click()


@pytest.mark.parametrize(
    ("path", "title"),
    [
        (routes.LOGIN, "Sign in · chatapp"),
        (routes.SIGNUP, "Sign up · chatapp"),
        ("/nothing", "Not found · chatapp"),
    ],
)
async def test_titles(chat_app: AppServer, page: Page, path: str, title: str) -> None:
    answer = await page.goto(chat_app.url + path)
    assert answer
    assert answer.status == (404 if path == "/nothing" else 200)
    await expect(page).to_have_title(title)
    if path == "/nothing":
        await expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
        await page.get_by_role("link", name="Go to your chats").click()
        await expect(page.get_by_role("button", name="Sign in")).to_be_visible()


async def test_titles_of_chats(chatting: Chatting, rows: Rows, person: Person) -> None:
    await expect(chatting.page).to_have_title("chatapp")
    await chatting.answered("How do hash tables work?")
    await expect(chatting.page).to_have_title("How do hash tables work? · chatapp")
    await chatting.page.get_by_role("button", name="New chat").click()
    await expect(chatting.page).to_have_title("chatapp")
    for path, title in (
        (routes.SETTINGS, "Settings"),
        (routes.ADMIN, "Administration"),
        (routes.ADMIN_PEOPLE, "People"),
        (routes.ADMIN_PROVIDERS, "Providers"),
    ):
        await chatting.page.goto(chatting.url + path)
        await expect(chatting.page).to_have_title(f"{title} · chatapp")
    # Not even a title with odd spaces keeps the page busy.
    await chatting.open(await rows.chat(person, "q", "a", title="  two\n\nlines \t and  tabs "))
    await expect(chatting.page).to_have_title("two lines and tabs · chatapp")
