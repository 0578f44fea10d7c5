"""The app with a pool of two providers on loopback, and people who sit before it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page

from tests.browser.chatting import Chatting
from tests.browser.gate import Gate
from tests.browser.rows import Person, Rows
from tests.fakes import ProviderServer
from tests.harness.app import AppServer, serving
from tests.harness.backends import Backend

POOL = """
[[account]]
name = "groq-main"
provider = "groq"
api_key_env = "GROQ_API_KEY"
base_url = "{url}"

[[account]]
name = "gemini"
provider = "google"
api_key_env = "GOOGLE_API_KEY"
base_url = "{url}"

[[member]]
tier = "fast"
account = "groq-main"
model = "llama-3.1-8b-instant"

[[member]]
tier = "fast"
account = "gemini"
model = "gemini-2.5-flash"
"""


@pytest.fixture(scope="session")
async def _provider_server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        yield server


@pytest.fixture
async def providers(_provider_server: ProviderServer) -> ProviderServer:
    """The providers behind the pool, as they are when nothing was asked of them."""
    await _provider_server.reset()
    return _provider_server


@pytest.fixture(scope="session")
async def gate(_provider_server: ProviderServer) -> AsyncIterator[Gate]:
    """What stands between the pool and the providers."""
    async with Gate(_provider_server.port) as made:
        yield made


@pytest.fixture(scope="session")
def pool_env(gate: Gate, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What makes an app ask those providers."""
    file: Path = tmp_path_factory.mktemp("pool") / "pool.toml"
    file.write_text(POOL.format(url=gate.url))
    return {"CHATAPP_POOL": str(file), "GROQ_API_KEY": "gsk-test", "GOOGLE_API_KEY": "AIza-test"}


@pytest.fixture(scope="session")
async def _chat_app(
    embedded: Backend,
    built_pages: None,
    pool_env: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[AppServer]:
    async with serving(embedded, tmp_path_factory.mktemp("chatting"), pool_env) as server:
        yield server


@pytest.fixture
def chat_app(
    _chat_app: AppServer, providers: ProviderServer, request: pytest.FixtureRequest
) -> Iterator[AppServer]:
    """A running app on the embedded backend that these tests share: people of their own in it."""
    _chat_app.begin()
    yield _chat_app
    request.node.add_report_section("teardown", "app log", _chat_app.process.text[-20_000:])
    _chat_app.check()


@pytest.fixture
def rows(chat_app: AppServer) -> Rows:
    """The database of the shared app."""
    return Rows(chat_app.env)


@pytest.fixture
async def person(rows: Rows, chat_app: AppServer, context: BrowserContext) -> Person:
    """The person whose browser ``context`` is."""
    someone = await rows.person("Ada")
    await someone.sign_in(context, chat_app)
    return someone


@pytest.fixture
async def chatting(chat_app: AppServer, person: Person, page: Page) -> Chatting:
    """The home page of a signed-in person."""
    made = Chatting(page, chat_app.url)
    await made.open()
    return made
