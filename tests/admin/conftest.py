"""An app with an administrator in it. The tests share it and bring people of their own."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import BrowserContext

from chatapp.accounts.models import Role
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer, serving
from tests.harness.backends import Backend

POOL = """
[[account]]
name = "demo"
provider = "demo"

[[account]]
name = "groq-main"
provider = "groq"
api_key_env = "GROQ_API_KEY"
base_url = "http://127.0.0.1:9"

[[member]]
tier = "demo"
account = "demo"
model = "demo"

[[member]]
tier = "demo"
account = "groq-main"
model = "llama"
rpd = 1000
rpd_resets = "rolling"
"""
"""A model that answers, and one whose day has an end."""

SETTINGS = {"CHATAPP_SIGNUP": "approval", "CHATAPP_ANSWER_CACHE": "on"}


@pytest.fixture(scope="session")
async def _admin_app(
    embedded: Backend, built_pages: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[AppServer]:
    async with serving(embedded, tmp_path_factory.mktemp("admin"), SETTINGS) as server:
        yield server


@pytest.fixture(scope="module")
async def fresh_app(
    embedded: Backend, built_pages: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[AppServer]:
    """An app in which nobody has asked anything, for tests that count what was asked."""
    folder = tmp_path_factory.mktemp("fresh")
    (folder / "pool.toml").write_text(POOL)
    settings = SETTINGS | {"CHATAPP_POOL": str(folder / "pool.toml"), "GROQ_API_KEY": "gsk-test"}
    async with serving(embedded, folder, settings) as server:
        yield server
        server.check()


@pytest.fixture
def app(_admin_app: AppServer, request: pytest.FixtureRequest) -> Iterator[AppServer]:
    """A running app in which new accounts wait for an admin."""
    _admin_app.begin()
    yield _admin_app
    request.node.add_report_section("teardown", "app log", _admin_app.process.text[-20_000:])
    _admin_app.check()


@pytest.fixture
def rows(app: AppServer) -> Rows:
    return Rows(app.env)


@pytest.fixture
async def admin(app: AppServer, rows: Rows, context: BrowserContext) -> Person:
    """The admin whose browser ``context`` is."""
    someone = await rows.person("Ada", role=Role.ADMIN)
    await someone.sign_in(context, app)
    return someone
