"""Fixtures that every test may use. Servers start when the first test asks for them."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from playwright.async_api import Browser, BrowserContext, Page, expect
from redis.asyncio import Redis

from chatapp import database, redis
from chatapp.settings import Settings, settings
from tests.chats.people import person
from tests.harness.app import AppServer, serving
from tests.harness.backends import Backend, Embedded, Real, forget_caches
from tests.harness.browser import chromium
from tests.harness.cluster import RedisCluster
from tests.harness.services import PostgresServer, RedisServer, Services
from tools import pages

StartApp = Callable[..., Awaitable[AppServer]]


# A busy machine is slow, not broken.
expect.set_options(timeout=20_000)


def pytest_configure() -> None:
    """Keep what this machine's owner has set, keys above all, away from the tests."""
    os.environ["PYTHON_DOTENV_DISABLED"] = "1"
    known = {str(field.validation_alias) for field in Settings.model_fields.values()}
    for name in list(os.environ):
        if name.startswith("CHATAPP_") or name.endswith("_API_KEY") or name in known:
            del os.environ[name]


@pytest.fixture(scope="session")
async def services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    """The servers of this session."""
    async with AsyncExitStack() as stack:
        yield Services(stack, tmp_path_factory.mktemp("services"))


@pytest.fixture(scope="session")
async def redis_server(services: Services) -> RedisServer:
    """A real Redis. Each ``url()`` is a database of your own."""
    return await services.redis()


@pytest.fixture(scope="session")
async def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisCluster]:
    """A Redis Cluster. Who hurts it mends it."""
    async with RedisCluster(tmp_path_factory.mktemp("redis-cluster")) as running:
        yield running


@pytest.fixture(scope="session")
async def postgres_server(services: Services) -> PostgresServer:
    """A real PostgreSQL; make a database of your own in it."""
    return await services.postgres()


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Backend:
    return Embedded(tmp_path_factory.mktemp("embedded"))


@pytest.fixture(scope="session")
def real(services: Services) -> Backend:
    return Real(services.postgres, services.redis)


@pytest.fixture(scope="session", params=["embedded", "real"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Both ways to run, one after the other."""
    return request.getfixturevalue(request.param)


@pytest.fixture
async def installation(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Settings]:
    """An empty, migrated installation for code that runs in the test's own process."""
    for name, value in (await backend.fresh(tmp_path)).items():
        monkeypatch.setenv(name, value)
    forget_caches()
    if settings().redis_url is None:
        await redis.redis().flushall()
    yield settings()
    await database.close()
    await redis.close()
    monkeypatch.undo()
    forget_caches()


@pytest.fixture(scope="session")
def built_pages() -> None:
    """The pages, built from the sources as they are."""
    pages.build()


@pytest.fixture(params=["embedded", "real"])
async def any_redis(request: pytest.FixtureRequest, services: Services) -> AsyncIterator[Redis]:
    """A Redis: the one that is embedded, and a real one."""
    if request.param == "embedded":
        client: Redis = FakeAsyncRedis(server=FakeServer())
    else:
        client = Redis.from_url((await services.redis()).url())
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
async def _shared_app(
    backend: Backend, built_pages: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[AppServer]:
    async with serving(backend, tmp_path_factory.mktemp("app"), {}) as server:
        yield server


@pytest.fixture
def app_server(_shared_app: AppServer, request: pytest.FixtureRequest) -> Iterator[AppServer]:
    """A running app that tests share: each brings users of its own.

    A test fails when the app logs an error meanwhile; ``app_server.allow(pattern)`` expects one.
    """
    _shared_app.begin()
    yield _shared_app
    request.node.add_report_section("teardown", "app log", _shared_app.process.text[-20_000:])
    _shared_app.check()


@pytest.fixture
async def start_app(
    backend: Backend, built_pages: None, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[StartApp]:
    """Starts apps of the test's own: ``await start_app({"CHATAPP_SIGNUP": "closed"})``.

    With ``like=server`` another process joins the installation of one that is there.
    """
    started: list[AppServer] = []

    async def start(
        env: Mapping[str, str] | None = None, *, like: AppServer | None = None
    ) -> AppServer:
        base = like.env if like else await backend.fresh(tmp_path)
        server = AppServer({**base, **(env or {})}, tmp_path / f"app{len(started)}.log")
        started.append(server)
        await server.start()
        return server

    yield start
    for server in started:
        await server.stop()
        request.node.add_report_section("teardown", "app log", server.process.text[-20_000:])
    for server in started:
        server.check()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser profile of the test's own."""
    fresh = await browser.new_context(reduced_motion="reduce", locale="en-US")
    yield fresh
    await fresh.close()


@pytest.fixture
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """A browser tab; the test fails when a script in it does."""
    tab = await context.new_page()
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on(
        "console",
        lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None,
    )
    yield tab
    assert not problems, "The page failed:\n" + "\n".join(problems)


@pytest.fixture
async def ada(installation: Settings) -> UUID:
    """A person in the installation of this process."""
    return await person("ada")


@pytest.fixture
async def eve(installation: Settings) -> UUID:
    """Another one."""
    return await person("eve")
