"""A process that answers, with a pool of fake providers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatapp.answers import log_writer
from chatapp.answers.hub import Hub
from chatapp.answers.log_writer import LogWriter
from chatapp.answers.process import Process, answering
from chatapp.pool import service
from chatapp.pool.own import close_own
from chatapp.pool.service import close_pool
from chatapp.redis import redis
from chatapp.settings import Settings, settings
from tests.answers.app import _answering_app, chat_app, faulty_app
from tests.answers.world import KEYS, pool_file
from tests.fakes import ProviderServer

__all__ = ["_answering_app", "chat_app", "faulty_app"]


@pytest.fixture(scope="session")
async def provider_server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        yield running


@pytest.fixture
async def fakes(provider_server: ProviderServer) -> ProviderServer:
    await provider_server.reset()
    return provider_server


@pytest.fixture
async def with_pool(
    installation: Settings,
    fakes: ProviderServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Settings]:
    """An installation whose pool is Groq and Gemini, both of them fakes."""
    file = tmp_path / "pool.toml"
    file.write_text(pool_file(fakes))
    monkeypatch.setenv("CHATAPP_POOL", str(file))
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    settings.cache_clear()
    service._made.cache_clear()
    yield settings()
    await close_own()
    await close_pool()


@pytest.fixture
async def process(with_pool: Settings) -> AsyncIterator[Process]:
    """A process that answers."""
    async with answering() as running:
        yield running


@pytest.fixture
def caching(process: Process, monkeypatch: pytest.MonkeyPatch) -> Process:
    """A process that gives answers again."""
    monkeypatch.setenv("CHATAPP_ANSWER_CACHE", "on")
    settings.cache_clear()
    return process


@pytest.fixture
async def hub(installation: Settings) -> AsyncIterator[Hub]:
    made = Hub()
    async with made.running():
        yield made


@pytest.fixture
async def writer(installation: Settings) -> LogWriter:
    """A writer of logs that writes only when it is told to."""
    await redis().script_load(log_writer._SCRIPT)
    return LogWriter()


@pytest.fixture
async def other(process: Process) -> AsyncIterator[Process]:
    """Another process of the same installation."""
    async with answering() as running:
        yield running
