"""The waiting line and one's own keys, as people see them."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect
from sqlmodel import select

from chatapp import routes
from chatapp.accounts.models import OwnKey
from chatapp.answers.models import Answer
from chatapp.chats import models as chats
from chatapp.chats.models import Chat, Message, Status
from tests.answers.world import words
from tests.browser.chatting import Chatting
from tests.browser.rows import Person, Rows
from tests.browser.watching import noted, watch
from tests.fakes import ProviderServer
from tests.harness.app import AppServer, serving
from tests.harness.backends import Backend

SMALL, LARGE = "llama-small", "llama-large"
HELD = {"kind": "http_429", "retry_after": 600}
NEXT = r"You are next in line, less than a minute\..*Cancel"
KEY = "gsk_0wn5eCrEtOfAda7890abcd"

POOL = f"""
[[account]]
name = "groq"
provider = "groq"
api_key_env = "GROQ_API_KEY"
base_url = "{{url}}"
[[member]]
tier = "fast"
account = "groq"
model = "{SMALL}"
[[member]]
tier = "smart"
account = "groq"
model = "{LARGE}"
"""


@pytest.fixture(scope="module")
async def line_app(
    embedded: Backend,
    built_pages: None,
    _provider_server: ProviderServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[AppServer]:
    """An app of these tests' own: its pool remembers who is at the limit."""
    folder: Path = tmp_path_factory.mktemp("line")
    file = folder / "pool.toml"
    file.write_text(POOL.format(url=_provider_server.base_url("groq")))
    env = {"CHATAPP_POOL": str(file), "GROQ_API_KEY": "gsk-shared"}
    async with serving(embedded, folder, env) as server:
        yield server
    server.check()


@pytest.fixture
def rows(line_app: AppServer) -> Rows:
    return Rows(line_app.env)


@pytest.fixture
async def ada(rows: Rows, line_app: AppServer, context: BrowserContext) -> Person:
    someone = await rows.person("Ada")
    await someone.sign_in(context, line_app)
    return someone


@pytest.fixture
async def chatting(line_app: AppServer, ada: Person, page: Page) -> Chatting:
    return Chatting(page, line_app.url)


def line(chatting: Chatting) -> Locator:
    return chatting.answer.get_by_test_id("line")


async def asked_for(rows: Rows, person: Person, tier: str, question: str) -> UUID:
    """A question whose answer a tier shall give, left behind by a process that is no more."""
    chat = Chat(user_id=person.id, title=question)
    asked = Message(chat_id=chat.id, user_id=person.id, role=chats.Role.QUESTION, text=question)
    place = Message(
        chat_id=chat.id,
        user_id=person.id,
        parent_id=asked.id,
        role=chats.Role.ANSWER,
        status=Status.QUEUED,
    )
    answer = Answer(id=place.id, chat_id=chat.id, user_id=person.id, tier=tier, runner="")
    chat.leaf_id = place.id
    await rows.add([chat], [asked, place], [answer])
    return chat.id


async def test_the_models_are_chosen_and_the_chat_stays_with_them(
    chatting: Chatting, providers: ProviderServer
) -> None:
    await chatting.open()
    models = chatting.page.get_by_label("Models")
    await expect(models.get_by_role("option")).to_have_text(["Auto", "Fast", "Smart"])
    await expect(models).to_have_value("")
    await models.select_option("Smart")
    await chatting.answered("[[say 3 words]]", count=1)
    await chatting.answered("[[say 4 words]]")
    await chatting.page.reload()
    await expect(models).to_have_value("smart")
    before = await chatting.answer.get_attribute("data-answer-id") or ""
    await chatting.answer.get_by_role("button", name="Regenerate").click()
    await expect(chatting.answer).not_to_have_attribute("data-answer-id", before)
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    assert [asked["model"] for asked in await providers.requests()] == [LARGE] * 3
    await models.select_option("Fast")
    await chatting.answered("[[say 5 words]]")
    assert (await providers.requests())[-1]["model"] == SMALL


async def test_a_question_stands_in_line_and_is_then_answered(
    chatting: Chatting, providers: ProviderServer
) -> None:
    await providers.set("groq", fault={"kind": "http_429", "retry_after": 8, "times": 2})
    await watch(chatting.page, "[data-testid=line]")
    await chatting.open()
    await chatting.ask("[[say 5 words]]")
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(chatting.answer.locator(".reading")).to_have_text(words(5))
    await expect(line(chatting)).to_have_count(0)
    said = await noted(chatting.page)
    assert any(re.fullmatch(NEXT, each) for each in said), said


async def test_who_comes_later_is_told_so_and_cancel_leaves_the_line(
    chatting: Chatting, rows: Rows, ada: Person, providers: ProviderServer
) -> None:
    await providers.set("groq", model=LARGE, fault=HELD)
    first = await asked_for(rows, ada, "smart", "first")
    await chatting.open(first)
    for _ in range(2):
        await expect(line(chatting)).to_contain_text("You are next in line, about 10 min.")
        await chatting.page.reload()
    second = await asked_for(rows, ada, "smart", "second")
    await chatting.open(second)
    await expect(line(chatting)).to_contain_text("You are 2nd in line, about 10 min.")
    await chatting.open(first)
    await line(chatting).get_by_role("button", name="Cancel").click()
    await expect(chatting.answer).to_have_attribute("data-status", "stopped")
    await chatting.open(second)
    await expect(line(chatting)).to_contain_text("You are next in line")
    await chatting.stop.press("Enter")
    await expect(chatting.answer).to_have_attribute("data-status", "stopped")


async def test_the_smaller_model_can_be_used_now(
    chatting: Chatting, rows: Rows, ada: Person, providers: ProviderServer
) -> None:
    await providers.set("groq", model=LARGE, fault=HELD)
    chat_id = await asked_for(rows, ada, "smart", "[[say 6 words]]")
    await chatting.open(chat_id)
    await line(chatting).get_by_role("button", name="Use the smaller model now").click()
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(chatting.answer.locator(".reading")).to_have_text(words(6))
    await expect(chatting.answer).to_contain_text(SMALL)


async def test_a_key_is_kept_and_used_when_its_owner_says_so(
    chatting: Chatting, rows: Rows, ada: Person, providers: ProviderServer
) -> None:
    page = chatting.page
    await page.goto(chatting.url + routes.SETTINGS)
    form = page.get_by_role("form", name="A new key")
    await expect(form.get_by_label("Provider").get_by_role("option")).not_to_have_count(0)
    await form.get_by_label("Provider").select_option("Groq")
    await form.get_by_label("Use it").select_option("never")
    await form.get_by_label("Key", exact=True).fill(KEY)
    await form.get_by_role("button", name="Check and keep").click()
    await expect(page.get_by_text("Your key works and was kept.")).to_be_visible()
    kept = page.get_by_role("list", name="Your keys").get_by_role("listitem")
    await expect(kept).to_have_text(re.compile(f"Groq ends in {KEY[-4:]}"))
    assert KEY[:-4] not in await page.content()
    (sealed,) = await rows.all(select(OwnKey.sealed).where(OwnKey.user_id == ada.id))
    assert KEY not in sealed

    await providers.set("groq", model=LARGE, fault=HELD)
    chat_id = await asked_for(rows, ada, "smart", "[[say 7 words]]")
    await chatting.open(chat_id)
    await expect(line(chatting)).to_be_visible()
    await providers.set("groq", model=LARGE)
    await line(chatting).get_by_role("button", name="Use my own key now").click()
    await expect(chatting.answer).to_have_attribute("data-status", "done")
    await expect(chatting.answer).to_contain_text("Your Groq key")
    assert (await providers.requests())[-1]["key"] == KEY

    await page.goto(chatting.url + routes.SETTINGS)
    await kept.get_by_label("Use it").select_option("first")
    await kept.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("It was noted when your key is used.")).to_be_visible()
    await expect(kept.get_by_label("Use it")).to_have_value("first")
    await kept.get_by_role("button", name="Remove the Groq key").click()
    await expect(page.get_by_text("Your key was removed.")).to_be_visible()
    await expect(kept).to_have_count(0)
    assert await rows.all(select(OwnKey.id)) == []


async def test_a_key_that_is_refused_is_not_kept(
    chatting: Chatting, rows: Rows, ada: Person, providers: ProviderServer
) -> None:
    await providers.set("groq", fault={"kind": "auth"})
    page = chatting.page
    await page.goto(chatting.url + routes.SETTINGS)
    form = page.get_by_role("form", name="A new key")
    await form.get_by_label("Provider").select_option("Groq")
    await form.get_by_label("Key", exact=True).fill(KEY)
    await form.get_by_role("button", name="Check and keep").click()
    await expect(page.get_by_text("The provider does not take this key")).to_be_visible()
    assert KEY not in await page.content()
    assert await rows.all(select(OwnKey.id)) == []
